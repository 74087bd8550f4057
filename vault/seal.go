package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// sealer is AES-256-GCM with a random nonce in front. Each sealed value is bound to what it is
// about (table, id, key version), so a row cannot be passed off as another.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("make a key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, fmt.Errorf("make a key: %w", err)
	}
	return sealer{aead: aead}, nil
}

func (s sealer) seal(random io.Reader, plain []byte, about ...string) ([]byte, error) {
	sealed := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	if _, err := io.ReadFull(random, sealed); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return s.aead.Seal(sealed, sealed, plain, joined(about...)), nil
}

func (s sealer) open(sealed []byte, about ...string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, errors.New("a sealed value is cut short")
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], joined(about...))
	if err != nil {
		return nil, errors.New("a sealed value does not open: it was changed, moved or sealed with another key")
	}
	return plain, nil
}

// joined writes strings one after another so that no two lists look the same.
func joined(parts ...string) (out []byte) {
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}

// Keys that can be destroyed, by kind: a day's for inbox bodies, a person's, and the general one.
const (
	dayKind     = "day"
	personKind  = "person"
	generalKind = "general"
)

// key gives the key of a kind and id, made at first use.
func (v *Vault) key(ctx context.Context, tx Tx, kind, id string) (sealer, error) {
	key, found, err := v.findKey(ctx, tx, kind, id)
	if found || err != nil {
		return key, err
	}
	fresh := make([]byte, 32)
	if _, err := io.ReadFull(v.rand, fresh); err != nil {
		return sealer{}, fmt.Errorf("make a key: %w", err)
	}
	sealed, err := v.keys.seal(v.rand, fresh, "vault_keys", kind, id, "1")
	if err != nil {
		return sealer{}, err
	}
	if _, err := tx.Exec(ctx, `insert into vault_keys (kind, id, version, sealed, at) values ($1, $2, 1, $3, $4)`,
		kind, id, sealed, Micros(v.Now())); err != nil {
		return sealer{}, err
	}
	return newSealer(fresh)
}

func (v *Vault) findKey(ctx context.Context, r Reader, kind, id string) (sealer, bool, error) {
	var sealed []byte
	found, err := One(ctx, r, `select sealed from vault_keys where kind = $1 and id = $2`, []any{kind, id}, &sealed)
	if !found || err != nil {
		return sealer{}, false, err
	}
	plain, err := v.keys.open(sealed, "vault_keys", kind, id, "1")
	if err != nil {
		return sealer{}, false, fmt.Errorf("key %s %s: %w", kind, id, err)
	}
	key, err := newSealer(plain)
	return key, true, err
}

// dayKey gives the key of an inbox day. A key is used only once it is durable: a body sealed with
// one that a failed commit took back could never be read again.
func (v *Vault) dayKey(ctx context.Context, day string) (sealer, error) {
	v.mu.Lock()
	key, at := v.todayKey, v.today
	v.mu.Unlock()
	if at == day {
		return key, nil
	}
	err := v.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		key, err = v.key(ctx, tx, dayKind, day)
		return err
	})
	if err != nil {
		return sealer{}, err
	}
	v.mu.Lock()
	v.today, v.todayKey = day, key
	v.mu.Unlock()
	return key, nil
}

func (v *Vault) forgetDay() {
	v.mu.Lock()
	v.today, v.todayKey = "", sealer{}
	v.mu.Unlock()
}

// oneReader lets many goroutines share a source of randomness.
type oneReader struct {
	mu   sync.Mutex
	from io.Reader
}

func (r *oneReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from.Read(p)
}
