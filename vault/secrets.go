package vault

import (
	"context"
	"fmt"
)

// PutSecret keeps a secret under (kind, id), e.g. a channel's app or a connection's token,
// replacing what was there.
func (v *Vault) PutSecret(ctx context.Context, kind, id string, value []byte) error {
	sealed, err := v.secrets.seal(v.rand, value, "secrets", kind, id, "1")
	if err == nil {
		err = v.Write(ctx, func(ctx context.Context, tx Tx) error {
			_, err := tx.Exec(ctx, `insert into secrets (kind, id, version, sealed, at) values ($1, $2, 1, $3, $4)
				on conflict (kind, id) do update set version = excluded.version, sealed = excluded.sealed, at = excluded.at`,
				kind, id, sealed, Micros(v.Now()))
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("store secret %s %s: %w", kind, id, err)
	}
	return nil
}

// Secret reads one secret and says whether there is one.
func (v *Vault) Secret(ctx context.Context, kind, id string) (value []byte, found bool, err error) {
	var sealed []byte
	err = v.Read(ctx, func(r Reader) error {
		found, err = One(ctx, r, `select sealed from secrets where kind = $1 and id = $2`, []any{kind, id}, &sealed)
		return err
	})
	if err == nil && found {
		value, err = v.secrets.open(sealed, "secrets", kind, id, "1")
	}
	if err != nil {
		return nil, false, fmt.Errorf("read secret %s %s: %w", kind, id, err)
	}
	return value, found, nil
}

// Secrets reads all secrets of a kind by id.
func (v *Vault) Secrets(ctx context.Context, kind string) (map[string][]byte, error) {
	values := map[string][]byte{}
	err := v.Read(ctx, func(r Reader) error {
		return Each(ctx, r, `select id, sealed from secrets where kind = $1`, []any{kind}, func(rows Rows) error {
			var id string
			var sealed []byte
			if err := rows.Scan(&id, &sealed); err != nil {
				return err
			}
			value, err := v.secrets.open(sealed, "secrets", kind, id, "1")
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			values[id] = value
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read secrets %s: %w", kind, err)
	}
	return values, nil
}

// DeleteSecret forgets a secret; it is no error when there is none.
func (v *Vault) DeleteSecret(ctx context.Context, kind, id string) error {
	err := v.Write(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Exec(ctx, `delete from secrets where kind = $1 and id = $2`, kind, id)
		return err
	})
	if err == nil {
		err = v.store.Scrub(ctx)
	}
	if err != nil {
		return fmt.Errorf("delete secret %s %s: %w", kind, id, err)
	}
	return nil
}

// SetCursor keeps a small operational value in the clear, such as how far a poll has come.
func (v *Vault) SetCursor(ctx context.Context, name, value string) error {
	_, err := v.Move(ctx, name, func(string) string { return value })
	return err
}

// Move puts in a cursor's place what next makes of it, in one transaction, and returns that; next may run again.
func (v *Vault) Move(ctx context.Context, name string, next func(was string) string) (is string, err error) {
	err = v.Write(ctx, func(ctx context.Context, tx Tx) error {
		var was string
		if _, err := One(ctx, tx, `select value from cursors where name = $1`, []any{name}, &was); err != nil {
			return err
		}
		if is = next(was); is == was {
			return nil
		}
		_, err := tx.Exec(ctx, `insert into cursors (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`, name, is)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store cursor %s: %w", name, err)
	}
	return is, nil
}

// Cursor reads a cursor; one that was never set is empty.
func (v *Vault) Cursor(ctx context.Context, name string) (value string, err error) {
	err = v.Read(ctx, func(r Reader) error {
		_, err := One(ctx, r, `select value from cursors where name = $1`, []any{name}, &value)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read cursor %s: %w", name, err)
	}
	return value, nil
}
