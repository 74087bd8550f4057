package vault

import (
	"context"
	"fmt"
	"strings"
)

const itemColumns = `number, channel, app, delivery, received, day, state, attempts, reason, field, rule, sample,
	connection, subject, person, due, hash, case when body is null then 0 else 1 end, `

// Pending lists what is to be worked on now (pending and due) after a number, in number order,
// with bodies.
func (v *Vault) Pending(ctx context.Context, after int64, limit int) ([]Item, error) {
	return v.items(ctx, `select `+itemColumns+`body from inbox
		where state = 'pending' and number > $1 and due <= $2 order by number limit $3`, after, Micros(v.Now()), limit)
}

// Item reads one delivery with its body.
func (v *Vault) Item(ctx context.Context, number int64) (Item, error) {
	items, err := v.items(ctx, `select `+itemColumns+`body from inbox where number = $1`, number)
	if err == nil && len(items) == 0 {
		err = fmt.Errorf("inbox %d: %w", number, ErrNotFound)
	}
	if err != nil {
		return Item{}, err
	}
	return items[0], nil
}

// Delivered finds a delivery by its key; 0 is none that is still known.
func (v *Vault) Delivered(ctx context.Context, channel, app, delivery string) (number int64, err error) {
	err = v.Read(ctx, func(r Reader) error {
		_, err := One(ctx, r, `select number from deliveries where channel = $1 and app = $2 and delivery = $3`, []any{channel, app, delivery}, &number)
		return err
	})
	return number, err
}

// Listed lists deliveries in any of the states (none = all) after a number, in number order,
// without bodies.
func (v *Vault) Listed(ctx context.Context, states []string, after int64, limit int) ([]Item, error) {
	args := []any{after, limit}
	var marks []string
	for _, s := range states {
		args = append(args, s)
		marks = append(marks, fmt.Sprintf("$%d", len(args)))
	}
	where := ""
	if len(marks) > 0 {
		where = " and state in (" + strings.Join(marks, ", ") + ")"
	}
	return v.items(ctx, `select `+itemColumns+`null from inbox
		where number > $1`+where+` order by number limit $2`, args...)
}

// InboxCounts counts deliveries by state.
func (v *Vault) InboxCounts(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	err := v.Read(ctx, func(r Reader) error {
		return Each(ctx, r, `select state, items from inbox_counts`, nil, func(rows Rows) error {
			var state string
			var n int64
			err := rows.Scan(&state, &n)
			counts[state] = n
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count inbox: %w", err)
	}
	return counts, nil
}

func (v *Vault) items(ctx context.Context, query string, args ...any) ([]Item, error) {
	var items []Item
	err := v.Read(ctx, func(r Reader) error {
		var days []string
		items = nil
		if err := Each(ctx, r, query, args, func(rows Rows) error {
			item, day, err := scanItem(rows)
			items, days = append(items, item), append(days, day)
			return err
		}); err != nil {
			return err
		}
		return v.openBodies(ctx, r, items, days)
	})
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return items, nil
}

// scanItem reads a row; the body is sealed still.
func scanItem(rows Rows) (i Item, day string, err error) {
	var received, due int64
	var hash []byte
	var kept bool
	err = rows.Scan(&i.Number, &i.Channel, &i.App, &i.Delivery, &received, &day, &i.State, &i.Attempts, &i.Reason, &i.Field,
		&i.Rule, &i.Sample, &i.Connection, &i.Subject, &i.Person, &due, &hash, &kept, &i.Body)
	i.Received, i.Due = Moment(received), Moment(due)
	copy(i.Hash[:], hash)
	i.BodyGone = !kept
	return i, day, err
}

func (v *Vault) openBodies(ctx context.Context, r Reader, items []Item, days []string) error {
	type dayKey struct {
		key   sealer
		found bool
	}
	keys := map[string]dayKey{}
	for n := range items {
		i := &items[n]
		if i.Body == nil {
			continue
		}
		k, have := keys[days[n]]
		if !have {
			var err error
			if k.key, k.found, err = v.findKey(ctx, r, dayKind, days[n]); err != nil {
				return err
			}
			keys[days[n]] = k
		}
		sealed := i.Body
		if i.Body, i.BodyGone = nil, !k.found; i.BodyGone {
			continue
		}
		packed, err := k.key.open(sealed, "inbox", i.Channel, i.App, i.Delivery, days[n], string(i.Hash[:]))
		if err == nil {
			i.Body, err = v.unpack.DecodeAll(packed, []byte{})
		}
		if err != nil {
			return fmt.Errorf("body of %d: %w", i.Number, err)
		}
	}
	return nil
}
