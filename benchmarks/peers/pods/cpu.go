package main

import (
	"log"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// parse reads name=pid,...
func parse(text string) (map[string]int, error) {
	processes := map[string]int{}
	for part := range strings.SplitSeq(text, ",") {
		if name, number, found := strings.Cut(part, "="); found {
			pid, err := strconv.Atoi(number)
			if err != nil {
				return nil, err
			}
			processes[name] = pid
		}
	}
	return processes, nil
}

// usage reads the CPU clock of each process, in nanoseconds: /proc/<pid>/stat counts hundredths of a
// second, too few for a slice. The number of the clock is what clock_getcpuclockid(3) returns.
func usage(processes map[string]int) map[string]time.Duration {
	used := map[string]time.Duration{}
	for name, pid := range processes {
		var read syscall.Timespec
		clock := ^pid<<3 | 2
		_, _, failed := syscall.RawSyscall(
			syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&read)), 0,
		)
		if failed != 0 {
			log.Fatalf("the CPU clock of %s (%d): %v", name, pid, failed)
		}
		used[name] = time.Duration(read.Nano())
	}
	return used
}
