package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// mark is a text that differs from request to request: wherever it stands in the body, `Size` bytes
// of it from `At` are overwritten by the number of the request, in the letters of `Alphabet`.
type mark struct {
	Text     string `json:"text"`
	At       int    `json:"at"`
	Size     int    `json:"size"`
	Alphabet string `json:"alphabet"`
}

// body is a review as it was captured, and where its marks stand. All bodies are as long as this one.
type body struct {
	content []byte
	marks   []mark
	places  [][]int // for each mark: where to write
	uid     [2]int  // of the request: begin and end
}

const hexadecimal = "0123456789abcdef"

func readBody(file, vary string) (*body, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	made := &body{content: content}
	// The first uid is the request's: the API server writes it before the objects.
	key := []byte(`"uid":"`)
	begin := bytes.Index(content, key) + len(key)
	size := bytes.IndexByte(content[begin:], '"')
	if begin < len(key) || size < 12 {
		return nil, fmt.Errorf("%s has no uid", file)
	}
	made.uid = [2]int{begin, begin + size}
	marks := []mark{{Text: string(content[begin : begin+size]), At: size - 12, Size: 12, Alphabet: hexadecimal}}
	if vary != "" {
		text, err := os.ReadFile(vary)
		if err != nil {
			return nil, err
		}
		var more []mark
		if err := json.Unmarshal(text, &more); err != nil {
			return nil, err
		}
		marks = append(marks, more...)
	}
	for _, each := range marks {
		if err := made.add(each); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return made, nil
}

func (b *body) add(m mark) error {
	if m.At < 0 || m.Size < 1 || m.At+m.Size > len(m.Text) || len(m.Alphabet) < 2 {
		return fmt.Errorf("no mark: %+v", m)
	}
	var places []int
	for from := 0; ; {
		at := bytes.Index(b.content[from:], []byte(m.Text))
		if at < 0 {
			break
		}
		places = append(places, from+at+m.At)
		from += at + len(m.Text)
	}
	if len(places) == 0 {
		return fmt.Errorf("%q does not stand in it", m.Text)
	}
	b.marks, b.places = append(b.marks, m), append(b.places, places)
	return nil
}

// write makes a copy of the body that of the request with this number. The copy may be the one of an
// earlier request: only the marks are written.
func (b *body) write(copied []byte, number int64) {
	for n, m := range b.marks {
		base, rest := int64(len(m.Alphabet)), number
		first := b.places[n][0]
		for at := first + m.Size - 1; at >= first; at-- {
			copied[at] = m.Alphabet[rest%base]
			rest /= base
		}
		for _, other := range b.places[n][1:] {
			copy(copied[other:other+m.Size], copied[first:first+m.Size])
		}
	}
}
