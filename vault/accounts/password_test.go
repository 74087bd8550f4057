package accounts

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/vault"
)

// withHashing is enough of Accounts to hash; the rest is driven by vaulttest on real stores.
func withHashing() *Accounts { return &Accounts{hashing: make(chan struct{}, 2)} }

func TestHashIsArgon2id(t *testing.T) {
	a := withHashing()
	salt := bytes.Repeat([]byte{2}, saltSize)
	hash, err := a.argon(t.Context(), "correct horse", salt)
	if err != nil {
		t.Fatal(err)
	}
	again, err := a.argon(t.Context(), "correct horse", salt)
	if err != nil || !bytes.Equal(hash, again) {
		t.Errorf("two hashes of one password: %x and %x, %v", hash, again, err)
	}
	kept := "$argon2id$v=19$m=19456,t=2,p=1$AgICAgICAgICAgICAgICAg$" + base64.RawStdEncoding.EncodeToString(hash)
	for password, want := range map[vault.Secret]bool{"correct horse": true, "correct horsf": false, "": false, vault.Secret(strings.Repeat("x", 1<<20)): false} {
		if got, err := a.matches(t.Context(), password, kept); err != nil || got != want {
			t.Errorf("password of %d bytes: %v, %v; want %v", len(password), got, err, want)
		}
	}
	if got, err := a.matches(t.Context(), "correct horse", ""); err != nil || got {
		t.Errorf("an unknown user: %v, %v; want false", got, err)
	}
}

// TestUnknownUserCostsTheSame counts hashes rather than time: signing in as nobody runs one too.
func TestUnknownUserCostsTheSame(t *testing.T) {
	a := &Accounts{hashing: make(chan struct{})} // nobody may hash
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.matches(ctx, "whatever", ""); err == nil {
		t.Error("an unknown user was answered without hashing")
	}
}

func TestUserName(t *testing.T) {
	for given, want := range map[string]string{
		" ana ": "ana", "Ana Maria": "Ana Maria", "a@b.co": "a@b.co", "José": "José",
		"": "", "  ": "", "a\nb": "", "a<b": "", strings.Repeat("x", 65): "", "\xff": "", "a/b": "",
	} {
		got, err := userName(given)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", given, got, err, want)
		}
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AgICAgICAgICAgICAgICAg$AgIC")
	f.Add("")
	f.Fuzz(func(t *testing.T, kept string) {
		if salt, _, err := parseHash(kept); err == nil && len(salt) > len(kept) {
			t.Errorf("a salt of %d bytes from %d", len(salt), len(kept))
		}
	})
}

func TestRoles(t *testing.T) {
	if !Owner.Valid() || !Viewer.Valid() || Role("king").Valid() || Role("").Valid() {
		t.Error("roles")
	}
	if SessionIdle >= SessionLife || SessionLife > 31*24*time.Hour {
		t.Error("a session must end")
	}
}
