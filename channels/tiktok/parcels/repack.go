package parcels

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

// maxPages of groups that may be combined are read, far more than a shop has open.
const maxPages = 50

// Packed implements channels.Repacker.
func (d Desk) Packed(ctx context.Context, id string) ([]channels.Packed, error) {
	o, err := d.order(ctx, id)
	if err != nil {
		return nil, err
	}
	var list []channels.Packed
	for _, u := range o.units {
		if u.pkg == "" {
			continue
		}
		i := slices.IndexFunc(list, func(p channels.Packed) bool { return p.Package == u.pkg })
		if i < 0 {
			i = len(list)
			list = append(list, channels.Packed{Package: u.pkg})
		}
		list[i].Items = count(list[i].Items, u.listing)
	}
	for i := range list {
		if list[i].Orders, err = d.within(ctx, list[i].Package); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// within are the orders whose units are in a package.
func (d Desk) within(ctx context.Context, pkg string) ([]string, error) {
	const name = "read package"
	if err := wire.CheckID(name, pkg); err != nil {
		return nil, err
	}
	data, err := d.line.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: root + "packages/" + pkg})
	if err != nil {
		return nil, err
	}
	var p struct {
		Orders []struct {
			ID channels.Text `json:"id"`
		} `json:"orders"`
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, wire.Unreadable(name, err)
	}
	var list []string
	for _, o := range p.Orders {
		list = append(list, string(o.ID))
	}
	return list, nil
}

// Split implements channels.Repacker. It does not look first: Packed says what stands.
func (d Desk) Split(ctx context.Context, id string, groups [][]channels.ParcelItem) error {
	const name = "split order"
	o, err := d.order(ctx, id)
	if err != nil {
		return err
	}
	left := o.open()
	if len(left) != len(o.units) {
		return rejected(name, "a part of this order is shipped already")
	}
	type group struct {
		ID    string   `json:"id"`
		Items []string `json:"order_line_item_ids"`
	}
	var list []group
	for i, items := range groups {
		units, enough := take(left, items)
		if !enough || len(items) == 0 {
			return rejected(name, "the channel does not list these units of the order any more")
		}
		left = slices.DeleteFunc(left, func(u unit) bool { return slices.Contains(units, u) })
		list = append(list, group{strconv.Itoa(i + 1), ids(units)})
	}
	if len(left) > 0 {
		return rejected(name, fmt.Sprintf("%d units of the order would be in no package", len(left)))
	}
	_, err = d.line.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: root + "orders/" + id + "/split", Write: true, Body: map[string]any{"splittable_groups": list},
	})
	return err
}

// group are orders that may travel together.
type group struct {
	ID     channels.Text   `json:"id"`
	Orders []channels.Text `json:"order_ids"`
}

// group finds the one that holds an order; without an id when none does.
func (d Desk) group(ctx context.Context, order string) (group, error) {
	const name = "list what can be combined"
	token := ""
	for range maxPages {
		q := url.Values{"page_size": {"50"}}
		if token != "" {
			q.Set("page_token", token)
		}
		data, err := d.line.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: root + "combinable_packages/search", Query: q})
		if err != nil {
			return group{}, err
		}
		var page struct {
			Groups []group       `json:"combinable_packages"`
			Next   channels.Text `json:"next_page_token"`
		}
		if err := json.Unmarshal(data, &page); err != nil {
			return group{}, wire.Unreadable(name, err)
		}
		for _, g := range page.Groups {
			if slices.Contains(g.Orders, channels.Text(order)) {
				return g, nil
			}
		}
		if token = string(page.Next); token == "" {
			break
		}
	}
	return group{}, nil
}

// Combinable implements channels.Repacker.
func (d Desk) Combinable(ctx context.Context, order string) ([]string, error) {
	g, err := d.group(ctx, order)
	var others []string
	for _, id := range g.Orders {
		if string(id) != order {
			others = append(others, string(id))
		}
	}
	return others, err
}

// Combine implements channels.Repacker. It does not look first: Packed says what stands.
func (d Desk) Combine(ctx context.Context, orders []string) error {
	const name = "combine orders"
	if len(orders) < 2 {
		return wire.Bug(name, "one order alone cannot be combined")
	}
	g, err := d.group(ctx, orders[0])
	if err != nil {
		return err
	}
	for _, id := range orders {
		if !slices.Contains(g.Orders, channels.Text(id)) {
			return rejected(name, "the channel does not let these orders travel together: they need one buyer, one address and nothing arranged")
		}
	}
	data, err := d.line.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: root + "packages/combine", Write: true,
		Body: map[string]any{"combinable_packages": []any{map[string]any{"id": string(g.ID), "order_ids": orders}}},
	})
	if err != nil {
		return err
	}
	var answer struct {
		Errors []struct {
			Code    channels.Text `json:"code"`
			Message channels.Text `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || len(answer.Errors) == 0 {
		return nil // it was done; Packed tells what came of it
	}
	no := answer.Errors[0]
	return &channels.Failure{Class: wire.Classify(string(no.Code), string(no.Message)), Call: name, Code: string(no.Code), Message: string(no.Message)}
}
