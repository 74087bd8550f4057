package instagramsim

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const maxRequests = 5000

// itemRequest is one of an items_batch.
type itemRequest struct {
	Method string `json:"method"`
	Data   struct {
		ID           string  `json:"id"`
		Title        *string `json:"title"`
		Price        *string `json:"price"`
		Availability *string `json:"availability"`
		Quantity     *int    `json:"quantity_to_sell_on_facebook"`
	} `json:"data"`
}

type itemError struct{ id, message string }

// node answers an account or a catalogue by its id.
func (s *Sim) node(c call) (any, error) {
	id := c.PathValue("node")
	if a := s.accounts[id]; a != nil && id == c.token.account {
		if err := s.allowed(c.token, "instagram_basic"); err != nil {
			return nil, err
		}
		return pick(c, obj{"id": a.ID, "username": a.Username, "name": a.Name, "ig_id": a.ID}), nil
	}
	k, err := s.opened(c)
	if err != nil {
		return nil, err
	}
	return pick(c, obj{"id": k.id, "name": "Catalogue " + k.id, "product_count": len(k.items), "vertical": "commerce", "business": obj{"id": k.business}}), nil
}

// opened finds the catalogue of a call that its token may see.
func (s *Sim) opened(c call) (*catalog, error) {
	id := c.PathValue("node")
	k := s.catalogs[id]
	if k == nil || s.accounts[c.token.account].Catalog != id {
		return nil, graphError{code: 100, subcode: 33, message: fmt.Sprintf("Unsupported request. Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does not support this operation", id)}
	}
	return k, s.allowed(c.token, "catalog_management")
}

// pick keeps the fields that a call asks for; the id is always there.
func pick(c call, all obj) obj {
	asked := c.params.Get("fields")
	if asked == "" {
		return obj{"id": all["id"]}
	}
	out := obj{"id": all["id"]}
	for field := range strings.SplitSeq(asked, ",") {
		if v, ok := all[field]; ok {
			out[field] = v
		}
	}
	return out
}

// symbols stand before the amount, as the vendor formats prices.
var symbols = map[string]string{"GBP": "£", "USD": "$", "EUR": "€"}

func shown(k *catalog, i *Item) obj {
	o := obj{
		"id": i.ID, "retailer_id": i.RetailerID, "name": i.Name, "availability": i.Availability, "quantity_to_sell_on_facebook": i.Quantity,
		"inventory": i.Quantity, "currency": k.currency, "review_status": i.Review, "visibility": i.Visibility,
	}
	if i.Price != "" {
		o["price"] = symbols[k.currency] + i.Price
	}
	return o
}

// products pages through a catalogue by an opaque cursor, those of a filter by code or all.
func (s *Sim) products(c call) (any, error) {
	k, err := s.opened(c)
	if err != nil {
		return nil, err
	}
	limit := 25
	if text := c.params.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return nil, graphError{code: 100, message: "(#100) limit must be a positive integer"}
		}
	}
	limit = min(limit, s.cfg.PageSize)
	list := k.items
	if text := c.params.Get("filter"); text != "" {
		var filter struct {
			Code struct {
				Any []string `json:"is_any"`
				Eq  string   `json:"eq"`
			} `json:"retailer_id"`
		}
		if json.Unmarshal([]byte(text), &filter) != nil || len(filter.Code.Any) == 0 && filter.Code.Eq == "" {
			return nil, graphError{code: 100, message: "(#100) The filter cannot be read"}
		}
		list = nil
		for _, i := range k.items {
			if slices.Contains(filter.Code.Any, i.RetailerID) || filter.Code.Eq == i.RetailerID {
				list = append(list, i)
			}
		}
	}
	from := 0
	if after := c.params.Get("after"); after != "" {
		raw, err := base64.StdEncoding.DecodeString(after)
		if from, _ = strconv.Atoi(strings.TrimPrefix(string(raw), "~~after:")); err != nil || from < 1 {
			return nil, graphError{code: 100, message: "(#100) The cursor is not one of ours"}
		}
	}
	from = min(from, len(list))
	to := min(from+limit, len(list))
	data := []obj{}
	for _, i := range list[from:to] {
		data = append(data, pick(c, shown(k, i)))
	}
	answer := obj{"data": data}
	if len(data) > 0 {
		cursor := func(n int) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "~~after:%d", n)) }
		paging := obj{"cursors": obj{"before": cursor(from), "after": cursor(to)}}
		if to < len(list) {
			query := c.URL.Query()
			query.Set("after", cursor(to))
			paging["next"] = "http://" + c.Host + c.URL.Path + "?" + query.Encode()
		}
		answer["paging"] = paging
	}
	return answer, nil
}

// itemsBatch accepts updates. What is wrong in the form is told at once, item by item; the rest by the handle.
func (s *Sim) itemsBatch(c call) (any, error) {
	k, err := s.opened(c)
	if err != nil {
		return nil, err
	}
	var requests []itemRequest
	if err := c.decode("requests", &requests); err != nil {
		return nil, err
	}
	if c.text("item_type") != "PRODUCT_ITEM" {
		return nil, graphError{code: 100, message: "(#100) Param item_type must be PRODUCT_ITEM"}
	}
	if len(requests) == 0 || len(requests) > maxRequests {
		return nil, graphError{code: 100, message: "(#100) requests must hold 1 to 5000 requests"}
	}
	upsert := true
	if err := c.decode("allow_upsert", &upsert); err != nil {
		upsert = true
	}
	s.serial++
	b := &batch{handle: fmt.Sprintf("Ac%016x%08x", s.rng.Uint64(), s.serial), due: s.cfg.Clock().Add(s.cfg.ApplyDelay), upsert: upsert, lost: s.roll(s.faults.AcceptedNotApplied)}
	s.counts.Batches++
	seen := map[string]bool{}
	validation := []obj{}
	for _, r := range requests {
		problem := ""
		switch {
		case r.Data.ID == "":
			problem = "id: the field is required"
		case seen[r.Data.ID]:
			problem = "id: it is in the batch more than once"
		case r.Method != "UPDATE" && r.Method != "CREATE" && r.Method != "DELETE":
			problem = "method: must be CREATE, UPDATE or DELETE"
		case r.Data.Quantity != nil && *r.Data.Quantity < 0:
			problem = "quantity_to_sell_on_facebook: must be a whole number from 0"
		case r.Data.Availability != nil && *r.Data.Availability != "in stock" && *r.Data.Availability != "out of stock":
			problem = "availability: not one of the allowed values"
		}
		seen[r.Data.ID] = true
		if problem != "" {
			validation = append(validation, obj{"retailer_id": r.Data.ID, "errors": []obj{{"message": problem}}, "warnings": []obj{}})
			continue
		}
		b.requests = append(b.requests, r)
	}
	k.batches[b.handle] = b
	k.waiting = append(k.waiting, b)
	if s.cfg.ApplyDelay == 0 {
		s.apply(k, b)
		k.waiting = k.waiting[:len(k.waiting)-1]
	}
	answer := obj{"handles": []string{b.handle}}
	if len(validation) > 0 {
		answer["validation_status"] = validation
	}
	return answer, nil
}

// apply lets a batch take effect: absolute, whatever happened meanwhile.
func (s *Sim) apply(k *catalog, b *batch) {
	b.done = true
	for _, r := range b.requests {
		item := k.byCode[r.Data.ID]
		fail := func(message string) { b.errors = append(b.errors, itemError{r.Data.ID, message}) }
		switch {
		case item == nil && (r.Method == "DELETE" || !b.upsert && r.Method == "UPDATE"):
			fail("The item does not exist in the catalog")
			continue
		case s.cfg.RefuseZero && r.Data.Quantity != nil && *r.Data.Quantity == 0:
			fail("quantity_to_sell_on_facebook: must be 1 or higher")
			continue
		case b.lost:
			s.counts.NotApplied++
			continue
		case r.Method == "DELETE":
			k.items = slices.DeleteFunc(k.items, func(i *Item) bool { return i == item })
			delete(k.byCode, r.Data.ID)
			continue
		case item == nil:
			item = &Item{ID: s.id("73000"), RetailerID: r.Data.ID, Name: r.Data.ID, Availability: "out of stock", Review: "pending", Visibility: "published"}
			k.byCode[item.RetailerID], k.items = item, append(k.items, item)
			s.counts.Created++
		}
		if r.Data.Title != nil {
			item.Name = *r.Data.Title
		}
		if r.Data.Price != nil {
			item.Price, _, _ = strings.Cut(*r.Data.Price, " ")
		}
		if r.Data.Availability != nil {
			item.Availability = *r.Data.Availability
		}
		if r.Data.Quantity != nil {
			item.Quantity = *r.Data.Quantity
			s.counts.Writes[item.RetailerID]++
		}
	}
}

// batchStatus tells what became of a batch: one row, however it is asked.
func (s *Sim) batchStatus(c call) (any, error) {
	k, err := s.opened(c)
	if err != nil {
		return nil, err
	}
	b := k.batches[c.params.Get("handle")]
	if b == nil {
		return nil, graphError{code: 100, message: "(#100) Invalid handle"}
	}
	row := obj{"handle": b.handle, "status": map[bool]string{true: "finished", false: "started"}[b.done], "errors_total_count": len(b.errors), "warnings_total_count": 0}
	list, ids := []obj{}, []string{}
	for _, e := range b.errors[:min(len(b.errors), 1000)] {
		list, ids = append(list, obj{"id": e.id, "line": 0, "message": e.message}), append(ids, e.id)
	}
	row["errors"], row["warnings"] = list, []obj{}
	if c.params.Get("load_ids_of_invalid_requests") == "true" {
		row["ids_of_invalid_requests"] = ids
	}
	if asked := c.params.Get("fields"); asked != "" {
		for field := range row {
			if !slices.Contains(strings.Split(asked, ","), field) {
				delete(row, field)
			}
		}
	}
	return obj{"data": []obj{row}}, nil
}

// Listed is what a buyer sees of an item: nothing when it is out of stock, whatever its quantity says.
func (s *Sim) Listed(catalogID, code string) int {
	i, err := s.Item(catalogID, code)
	if err != nil || cmp.Or(i.Availability, "in stock") != "in stock" {
		return 0
	}
	return i.Quantity
}
