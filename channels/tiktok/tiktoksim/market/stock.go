package market

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/decimal"
)

// AddProduct lists a product. A product or SKU that has the id keeps its history and gets the new values.
func (m *Market) AddProduct(st *Store, add NewProduct) (*Product, error) {
	for _, a := range add.SKUs {
		if _, _, ok := decimal.Parse(cmp.Or(a.Price, "1.00")); !ok || a.Quantity < 0 {
			return nil, fmt.Errorf("SKU %s: price %q, quantity %d: %w", a.ID, a.Price, a.Quantity, ErrInvalid)
		}
		if k := st.Listings[a.ID]; k != nil && k.Product.ID != add.ID {
			return nil, fmt.Errorf("SKU %s belongs to product %s: %w", a.ID, k.Product.ID, ErrInvalid)
		}
	}
	add.ID = cmp.Or(add.ID, m.ID("172"))
	p := st.Products[add.ID]
	if p == nil {
		p = &Product{ID: add.ID, Status: "ACTIVATE", Created: m.mark(m.hooks.Now())}
		st.Products[p.ID] = p
		st.ProductLine.Put(p)
	}
	p.Title, p.Status, p.Updated = add.Title, cmp.Or(add.Status, p.Status), m.hooks.Now().Unix()
	for _, a := range add.SKUs {
		a.ID, a.Price = cmp.Or(a.ID, m.ID("172")), cmp.Or(a.Price, "1.00")
		k := st.Listings[a.ID]
		if k == nil {
			k = &Listing{Product: p}
			st.Listings[a.ID], p.SKUs = k, append(p.SKUs, k)
		}
		k.SKU, k.Listed = a, a.Quantity
	}
	return p, nil
}

// SetQuantity is a hand edit in the seller's own screen: at once and absolute.
func (m *Market) SetQuantity(st *Store, k *Listing, quantity int) {
	k.Listed, k.Product.Updated = max(quantity, 0), m.hooks.Now().Unix()
	m.hooks.Note("hand edit", st.ID, k.ID, strconv.Itoa(quantity))
}

// SetProductStatus makes a product ACTIVATE (sells), SELLER_DEACTIVATED or another of the vendor's words.
func (m *Market) SetProductStatus(st *Store, p *Product, status string) {
	p.Status, p.Updated = status, m.hooks.Now().Unix()
	m.hooks.Tell(st, Notice{Topic: "PRODUCT_STATUS_CHANGE", Product: p})
}

// Write is one SKU's new in-stock quantity in the shop's warehouse ("" = the default one).
type Write struct {
	SKU, Warehouse string
	Quantity       int
}

// SetStock is the API's absolute write. It takes effect ApplyDelay later and overwrites whatever was sold until then;
// lost writes are accepted and never take effect.
func (m *Market) SetStock(st *Store, p *Product, w Write, lost bool) error {
	k := st.Listings[w.SKU]
	lowest := 0
	if m.Rules.RefuseZero {
		lowest = 1
	}
	switch {
	case k == nil || k.Product != p:
		return Refusal{12052031, "the SKU does not belong to this product"}
	case w.Warehouse != "" && w.Warehouse != st.Warehouse:
		return Refusal{12052094, "the warehouse is not one of the SKU's"}
	case w.Quantity < lowest || w.Quantity > 99_999:
		return Refusal{12052160, fmt.Sprintf("the quantity must be in the range %d to 99999", lowest)}
	case lost:
		m.Counts.InventoryLost++
		return nil
	}
	apply := func() {
		k.Listed, p.Updated = w.Quantity, m.hooks.Now().Unix()
		m.Counts.InventoryWrites++
		m.hooks.Note("stock written", st.ID, k.ID, strconv.Itoa(w.Quantity))
	}
	if m.Rules.ApplyDelay <= 0 {
		apply()
		return nil
	}
	k.Pending++
	m.After(m.Rules.ApplyDelay, func() { k.Pending--; apply() })
	return nil
}
