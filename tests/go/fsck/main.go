// Command fsck lets Tessera check the tiles of an audit bundle: fsck FOLDER VKEY.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: fsck FOLDER VKEY"))
	}
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		fail(err)
	}
	// A worker that finds a fault ends, and the others must still be there to take what is queued.
	options := fsck.Opts{N: 8}
	log := client.FileFetcher{Root: os.Args[1]}
	checker := fsck.New(verifier.Name(), verifier, log, hashes, options)
	if err := checker.Check(context.Background()); err != nil {
		fail(err)
	}
	fmt.Println("sound")
}

func hashes(bundle []byte) ([][]byte, error) {
	entries := api.EntryBundle{}
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	found := make([][]byte, 0, len(entries.Entries))
	for _, entry := range entries.Entries {
		found = append(found, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return found, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
