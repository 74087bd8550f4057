package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Label is a shipping label. Its file and tracking number are sealed with the person's key.
type Label struct {
	ID       string
	Person   string // empty when nobody's in particular
	Type     string // "application/pdf"
	Tracking string
	File     []byte
}

// PutPerson keeps data about a person, replacing what was there.
func (v *Vault) PutPerson(ctx context.Context, id string, data []byte) error {
	err := v.Write(ctx, func(ctx context.Context, tx Tx) error {
		key, err := v.key(ctx, tx, personKind, id)
		if err != nil {
			return err
		}
		sealed, err := key.seal(v.rand, data, "people", id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into people (id, data, at) values ($1, $2, $3)
			on conflict (id) do update set data = excluded.data, at = excluded.at`, id, sealed, Micros(v.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("store person %s: %w", id, err)
	}
	return nil
}

// Person reads what is kept about a person. After Erase it is ErrNotFound.
func (v *Vault) Person(ctx context.Context, id string) ([]byte, error) {
	var data []byte
	err := v.Read(ctx, func(r Reader) error {
		var sealed []byte
		found, err := One(ctx, r, `select data from people where id = $1`, []any{id}, &sealed)
		if err != nil {
			return err
		}
		key, have, err := v.findKey(ctx, r, personKind, id)
		if err != nil {
			return err
		}
		if !found || !have {
			return ErrNotFound
		}
		data, err = key.open(sealed, "people", id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read person %s: %w", id, err)
	}
	return data, nil
}

// Erase destroys a person's key and with it all that was sealed with it, and deletes the inbox
// bodies that were marked as theirs. It is no error when nothing was kept.
func (v *Vault) Erase(ctx context.Context, id string) error {
	if id == "" {
		return errors.New("erase person: no id was given")
	}
	err := v.Write(ctx, func(ctx context.Context, tx Tx) error {
		for _, statement := range []string{
			`delete from vault_keys where kind = 'person' and id = $1`,
			`delete from people where id = $1`,
			`update labels set file = null where person = $1`,
			`update inbox set body = null where person = $1 and person <> ''`, // the index is partial
		} {
			if _, err := tx.Exec(ctx, statement, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = v.store.Scrub(ctx)
	}
	if err != nil {
		return fmt.Errorf("erase person %s: %w", id, err)
	}
	return nil
}

// PutLabel keeps a label. The first one under an id stays, so a repeat changes nothing.
func (v *Vault) PutLabel(ctx context.Context, l Label) error {
	if strings.Contains(l.Tracking, "\x00") {
		return fmt.Errorf("store label %s: its tracking number is not text", l.ID)
	}
	err := v.Write(ctx, func(ctx context.Context, tx Tx) error {
		kind := personKind
		if l.Person == "" {
			kind = generalKind
		}
		key, err := v.key(ctx, tx, kind, l.Person)
		if err != nil {
			return err
		}
		plain := append(append([]byte(l.Tracking), 0), l.File...)
		sealed, err := key.seal(v.rand, plain, "labels", l.ID, l.Person, l.Type)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into labels (id, person, type, file, at) values ($1, $2, $3, $4, $5)
			on conflict (id) do nothing`, l.ID, l.Person, l.Type, sealed, Micros(v.Now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("store label %s: %w", l.ID, err)
	}
	return nil
}

// Label reads a label: ErrNotFound when there was none, ErrGone when its person was erased.
func (v *Vault) Label(ctx context.Context, id string) (Label, error) {
	l := Label{ID: id}
	err := v.Read(ctx, func(r Reader) error {
		var sealed []byte
		found, err := One(ctx, r, `select person, type, file from labels where id = $1`, []any{id}, &l.Person, &l.Type, &sealed)
		if err != nil {
			return err
		}
		if !found {
			return ErrNotFound
		}
		kind := personKind
		if l.Person == "" {
			kind = generalKind
		}
		key, have, err := v.findKey(ctx, r, kind, l.Person)
		if err != nil {
			return err
		}
		if sealed == nil || !have {
			return ErrGone
		}
		plain, err := key.open(sealed, "labels", id, l.Person, l.Type)
		if err != nil {
			return err
		}
		tracking, file, ok := bytes.Cut(plain, []byte{0})
		if !ok {
			return errors.New("it is cut short")
		}
		l.Tracking, l.File = string(tracking), file
		return nil
	})
	if err != nil {
		return Label{}, fmt.Errorf("read label %s: %w", id, err)
	}
	return l, nil
}
