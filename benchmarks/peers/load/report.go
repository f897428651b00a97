package main

import (
	"slices"
	"syscall"
	"time"
)

// report is what is printed; times in microseconds.
type report struct {
	Requests    int                `json:"requests"`
	Errors      int64              `json:"errors"`
	FirstError  string             `json:"firstError,omitempty"`
	Seconds     float64            `json:"seconds"`
	CPUSeconds  float64            `json:"cpuSeconds"` // of this program
	PerSecond   float64            `json:"perSecond"`
	Microsecond map[string]float64 `json:"latency"`
}

func newReport(each [][]time.Duration, elapsed time.Duration) report {
	took := slices.Concat(each...)
	slices.Sort(took)
	made := report{
		Requests:    len(took),
		Seconds:     elapsed.Seconds(),
		PerSecond:   float64(len(took)) / elapsed.Seconds(),
		Microsecond: map[string]float64{},
	}
	for name, permille := range map[string]int{"p50": 500, "p99": 990, "p999": 999, "max": 1000} {
		if len(took) > 0 {
			rank := (len(took)*permille + 999) / 1000 // the smallest that so many do not exceed
			made.Microsecond[name] = float64(took[rank-1].Nanoseconds()) / 1000
		}
	}
	return made
}

// cpuSeconds returns what this program has used, user and system.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // it fails for wrong arguments only
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
