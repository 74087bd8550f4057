package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/vault"
)

// maxAddresses are kept of one person; then the oldest goes, whose label was made long ago.
const maxAddresses = 100

// personID refers to the buyer; empty when the channel tells nothing of one.
func (t *Intake) personID(c channels.Connection, o channels.Order) string {
	if o.Buyer == "" && o.Recipient == nil {
		return ""
	}
	return t.vault.PersonID(c.ID, cmp.Or(o.Buyer, "order "+o.ID))
}

// addressOf refers to where an order goes, however it is written: letter case, spaces and signs do not count. Empty when the
// channel tells it in part only: orders of a whole town would go to one address then. Who lives there does not count either, as
// some channels hide the name.
func (t *Intake) addressOf(r *channels.Recipient) string {
	if r == nil || strings.Contains(r.Address, "*") || !strings.ContainsFunc(r.Address, unicode.IsDigit) {
		return ""
	}
	return t.vault.AddressID(strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, norm.NFC.String(r.Address+r.PostalCode+r.Region)))
}

// keepAddress keeps in the vault where an order goes. A person has an address for each order, all sealed
// with the person's key, and an older one never replaces a newer: this is done before the rule judges.
func (t *Intake) keepAddress(ctx context.Context, person string, o channels.Order) error {
	if o.Recipient == nil {
		return nil
	}
	part := fnv.New32a()
	_, _ = part.Write([]byte(person)) // a hash never fails
	turn := t.people[part.Sum32()%uint32(len(t.people))]
	if err := turn.take(ctx); err != nil {
		return err
	}
	defer turn.give()
	all := map[string]channels.Destination{}
	kept, err := t.vault.Person(ctx, person)
	switch {
	case errors.Is(err, vault.ErrNotFound):
	case err != nil:
		return err
	case json.Unmarshal(kept, &all) != nil:
		return errors.New("read the addresses of " + person) // the cause could quote one
	}
	now := channels.Destination{Updated: o.Updated.UTC(), Recipient: *o.Recipient}
	if last, known := all[o.ID]; known && (now.Updated.Before(last.Updated) || now.Recipient == last.Recipient) {
		return nil // a read costs no fsync
	}
	all[o.ID] = now
	if len(all) > maxAddresses {
		oldest := o.ID
		for id, a := range all {
			if a.Updated.Before(all[oldest].Updated) {
				oldest = id
			}
		}
		delete(all, oldest)
	}
	data, err := json.Marshal(all)
	if err != nil {
		return errors.New("encode the addresses of " + person) // as above
	}
	return t.vault.PutPerson(ctx, person, data)
}
