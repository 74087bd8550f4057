package vault

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Master is the 32-byte key that everything else is sealed under. It prints as "[redacted]".
type Master [32]byte

// MasterFile is the file in the data folder that holds the master key, never part of a backup.
const MasterFile = "master.key"

// LoadMaster reads the master key: from given (the value of CREATORFLOW_MASTER_KEY, base64) when
// not empty, else from the file in dir, which it makes (mode 0600) at first start.
func LoadMaster(dir, given string) (Master, error) {
	if given != "" {
		m, err := parseMaster(given)
		if err != nil {
			return m, fmt.Errorf("CREATORFLOW_MASTER_KEY: %w", err)
		}
		return m, nil
	}
	path := filepath.Join(dir, MasterFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeMaster(path, rand.Reader)
	}
	if err != nil {
		return Master{}, fmt.Errorf("read the master key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Master{}, fmt.Errorf("the master key %s can be read by others: run chmod 600 on it", path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the owner's own folder
	if err != nil {
		return Master{}, fmt.Errorf("read the master key: %w", err)
	}
	m, err := parseMaster(string(text))
	if err != nil {
		return m, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// makeMaster writes a new key so that a crash leaves a whole file or none: what is sealed later
// must never depend on a key that a power cut can take away.
func makeMaster(path string, random io.Reader) (m Master, err error) {
	if _, err := io.ReadFull(random, m[:]); err != nil {
		return m, fmt.Errorf("make the master key: %w", err)
	}
	if err := keepMaster(path, []byte(base64.StdEncoding.EncodeToString(m[:])+"\n")); err != nil {
		return m, fmt.Errorf("make the master key: %w", err)
	}
	return m, nil
}

// keepMaster writes a key file, never over another.
func keepMaster(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), MasterFile+".new-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Link(file.Name(), path) // unlike a rename, it fails where there is one
	}
	if err = errors.Join(err, os.Remove(file.Name())); err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	return err
}

// CopyMaster takes the key file of one folder to another, if there is one (else the environment
// gives it): what is sealed with it can be read there too. Another key that is there stays, and is
// an error: without it a vault could never be opened again.
func CopyMaster(from, to string) error {
	text, err := os.ReadFile(filepath.Join(from, MasterFile)) //nolint:gosec // the owner's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	path := filepath.Join(to, MasterFile)
	if err == nil {
		err = keepMaster(path, text)
	}
	if errors.Is(err, fs.ErrExist) {
		var there []byte
		if there, err = os.ReadFile(path); err == nil && !bytes.Equal(there, text) { //nolint:gosec // the folder that the owner named
			return fmt.Errorf("%s is the key of another hub, which nothing may replace: name another folder", path)
		}
	}
	if err != nil {
		return fmt.Errorf("copy the master key: %w", err)
	}
	return nil
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir) //nolint:gosec // the owner's own folder
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func parseMaster(text string) (m Master, err error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != len(m) {
		return m, errors.New("a master key is 32 bytes in base64")
	}
	return Master(key), nil
}

// derive gives a key for one purpose.
func (m Master) derive(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, m[:], nil, "creatorflow vault "+purpose, 32)
	if err != nil {
		panic(err) // only for keys longer than 8 kB
	}
	return key
}
