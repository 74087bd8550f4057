package accounts

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/vault"
)

// argon2id with 19 MiB, two passes, one lane: about 50 ms, and too much memory to try many at once.
const (
	hashMemory = 19 * 1024 // KiB
	hashTime   = 2
	hashSize   = 32
	saltSize   = 16

	minPassword = 8
	maxPassword = 256
)

// ErrPassword refuses a password that is too short or too long.
const ErrPassword = eventlog.Refusal("A password needs 8 to 256 characters.")

// ErrSignIn says that the name or the password is wrong, without saying which.
var ErrSignIn = errors.New("the name or the password is wrong")

// hashPassword gives the text to keep: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (a *Accounts) hashPassword(ctx context.Context, password vault.Secret) (string, error) {
	if n := utf8.RuneCountInString(string(password)); n < minPassword || n > maxPassword {
		return "", ErrPassword
	}
	salt, err := a.vault.Random(saltSize)
	if err != nil {
		return "", err
	}
	hash, err := a.argon(ctx, password, salt)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, hashMemory, hashTime,
		b64.EncodeToString(salt), b64.EncodeToString(hash)), nil
}

// matches compares a password with a kept text. With kept empty (an unknown user) it works as
// long and says no.
func (a *Accounts) matches(ctx context.Context, password vault.Secret, kept string) (bool, error) {
	salt, want := make([]byte, saltSize), make([]byte, hashSize)
	if kept != "" {
		var err error
		if salt, want, err = parseHash(kept); err != nil {
			return false, err
		}
	}
	if len(password) > maxPassword*utf8.UTFMax {
		password = password[:maxPassword*utf8.UTFMax] // never equal to one that was accepted
	}
	got, err := a.argon(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && kept != "", nil
}

func parseHash(kept string) (salt, hash []byte, err error) {
	prefix := fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$", argon2.Version, hashMemory, hashTime)
	rest, ok := strings.CutPrefix(kept, prefix)
	saltText, hashText, ok2 := strings.Cut(rest, "$")
	if ok && ok2 {
		salt, err = base64.RawStdEncoding.DecodeString(saltText)
		if err == nil {
			hash, err = base64.RawStdEncoding.DecodeString(hashText)
		}
	}
	if !ok || !ok2 || err != nil {
		return nil, nil, errors.New("a kept password hash is not readable")
	}
	return salt, hash, nil
}

// argon waits for its turn: at most two run at once.
func (a *Accounts) argon(ctx context.Context, password vault.Secret, salt []byte) ([]byte, error) {
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return argon2.IDKey([]byte(password), salt, hashTime, hashMemory, 1, hashSize), nil
}

// token makes 256 random bits for a cookie, link or key, and the hash to keep in their place.
func (a *Accounts) token() (vault.Secret, []byte, error) {
	random, err := a.vault.Random(32)
	if err != nil {
		return "", nil, err
	}
	text := base64.RawURLEncoding.EncodeToString(random)
	return vault.Secret(text), tokenHash(text), nil
}

// tokenHash needs no salt and no slowness: a token has 256 bits of its own.
func tokenHash(token string) []byte {
	hash := sha256.Sum256([]byte(token))
	return hash[:]
}
