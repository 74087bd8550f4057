package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyOneHasIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Announce("127.0.0.1:8080"); err != nil {
		t.Fatal(err)
	}
	_, err = Open(dir)
	if err == nil {
		t.Fatal("a second opener got the folder")
	}
	for _, part := range []string{dir, fmt.Sprint("process ", os.Getpid()), "listening on 127.0.0.1:8080", "--data"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the sentence %q does not say %q", err, part)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNotAFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "--data") {
		t.Errorf("opening a file as folder: %v; want a sentence with the mend", err)
	}
}

func TestFence(t *testing.T) {
	f, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	select {
	case <-f.Fence().Tripped():
		t.Error("tripped without a fault")
	default:
	}
	first := errors.New("fsync failed")
	f.Fence().Trip(first)
	f.Fence().Trip(errors.New("another"))
	<-f.Fence().Tripped()
	if !errors.Is(f.Fence().Err(), first) {
		t.Errorf("the fault is %v, want the first", f.Fence().Err())
	}
}
