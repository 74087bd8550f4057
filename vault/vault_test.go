package vault

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRedaction(t *testing.T) {
	const canary = "canary-nightingale"
	m := Master([]byte(canary + "00000000000000"))
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("all", "secret", Secret(canary), "pii", PII(canary), "master", m, "group", slog.GroupValue(slog.Any("x", PII(canary))))
	encoded, err := json.Marshal(map[string]any{"s": Secret(canary), "p": PII(canary), "m": m})
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{log.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T-%v"} {
		args := []any{Secret(canary), PII(canary), m, &m, struct{ S Secret }{canary}, []Secret{canary}, errors.New("x")}
		for _, arg := range args {
			texts = append(texts, fmt.Sprintf(strings.Replace(verb, "%T-", "", 1), arg))
		}
	}
	for _, text := range texts {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) ||
			strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(canary))) {
			t.Errorf("the secret is legible in %q", text)
		}
	}
	if string(Secret(canary)) != canary {
		t.Error("a conversion must give the value")
	}
}

func TestCopyMaster(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if err := CopyMaster(from, to); err != nil {
		t.Errorf("a key that the environment gives: %v", err)
	}
	key, err := LoadMaster(from, "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := CopyMaster(from, to); err != nil {
			t.Fatal(err)
		}
	}
	if copied, err := LoadMaster(to, ""); err != nil || copied != key {
		t.Errorf("another key was copied, %v", err)
	}
	other := t.TempDir()
	its, err := LoadMaster(other, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := CopyMaster(from, other); err == nil || !strings.Contains(err.Error(), "another hub") {
		t.Errorf("a copy over another key: %v", err)
	}
	if still, err := LoadMaster(other, ""); err != nil || still != its {
		t.Errorf("the other key was replaced, %v", err)
	}
}

func TestLoadMaster(t *testing.T) {
	dir := t.TempDir()
	first, err := LoadMaster(dir, "")
	if err != nil || first == (Master{}) {
		t.Fatalf("first start: zero %v, %v", first == Master{}, err)
	}
	path := filepath.Join(dir, MasterFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the key file: %v, %v; want 0600", info.Mode(), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if again, err := LoadMaster(dir, ""); err != nil || again != first {
		t.Errorf("second start gave another key, %v", err)
	}
	given := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	if m, err := LoadMaster(dir, given); err != nil || m[0] != 7 {
		t.Errorf("a given key was not taken: %v", err)
	}
	for _, wrong := range []string{"x", given[:20], given + "AAAA"} {
		if _, err := LoadMaster(dir, wrong); err == nil || strings.Contains(err.Error(), wrong) && len(wrong) > 5 {
			t.Errorf("wrong key: %v; want an error that does not repeat it", err)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMaster(dir, ""); err == nil {
		t.Error("a key file that others can read was taken")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadMaster(dir, ""); err == nil {
		t.Error("an empty key file was taken")
	}
	if _, err := LoadMaster(filepath.Join(dir, "missing"), ""); err == nil {
		t.Error("a missing folder was no error")
	}
}

func TestSealer(t *testing.T) {
	key, err := newSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	random := strings.NewReader(strings.Repeat("abcdefghijkl", 3))
	sealed, err := key.seal(random, []byte("plain"), "table", "id", "1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := key.seal(random, []byte("plain"), "table", "id", "1")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := key.open(sealed, "table", "id", "1"); err != nil || string(plain) != "plain" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if bytes.Contains(other, []byte("plain")) {
		t.Error("sealed text is legible")
	}
	for _, about := range [][]string{{"table", "id", "2"}, {"tablei", "d", "1"}, {"table", "id1"}, {}} {
		if plain, err := key.open(sealed, about...); err == nil {
			t.Errorf("opened as %v: %q", about, plain)
		}
	}
	for i := range sealed {
		broken := bytes.Clone(sealed)
		broken[i] ^= 1
		if plain, err := key.open(broken, "table", "id", "1"); err == nil {
			t.Errorf("opened with bit %d flipped: %q", i, plain)
		}
		if plain, err := key.open(sealed[:i], "table", "id", "1"); err == nil {
			t.Errorf("opened when cut to %d bytes: %q", i, plain)
		}
	}
	if _, err := key.seal(strings.NewReader("short"), nil); err == nil {
		t.Error("sealed without randomness")
	}
}

func FuzzOpen(f *testing.F) {
	key, err := newSealer(make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, "t")
	f.Add(make([]byte, 28), "")
	f.Fuzz(func(t *testing.T, sealed []byte, about string) {
		if plain, err := key.open(sealed, about); err == nil {
			t.Errorf("opened noise as %q", plain)
		}
	})
}

func FuzzJoined(f *testing.F) {
	f.Add("a", "b", "ab", "")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		if same := a == c && b == d; same != bytes.Equal(joined(a, b), joined(c, d)) {
			t.Errorf("joined(%q,%q) and joined(%q,%q)", a, b, c, d)
		}
	})
}
