// Command note lets golang.org/x/mod/sumdb/note read and write notes for the tests.
//
//	note open VKEY...   a note on stdin; its text on stdout
//	note sign SKEY      a text on stdin; the signed note on stdout
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: note open VKEY... | note sign SKEY")
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	switch args[0] {
	case "open":
		return open(input, args[1:])
	case "sign":
		return sign(input, args[1])
	default:
		return fmt.Errorf("neither open nor sign")
	}
}

func open(input []byte, vkeys []string) error {
	var known []note.Verifier
	for _, vkey := range vkeys {
		verifier, err := note.NewVerifier(vkey)
		if err != nil {
			return err
		}
		known = append(known, verifier)
	}
	opened, err := note.Open(input, note.VerifierList(known...))
	if err != nil {
		return err
	}
	_, err = io.WriteString(os.Stdout, opened.Text)
	return err
}

func sign(input []byte, skey string) error {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: string(input)}, signer)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(signed)
	return err
}
