package market

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
	"github.com/creatorflow/creatorflow/channels/shopify/shopifysim"
	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/drill/bubble"
)

const (
	domain  = "market.myshopify.com"
	seller  = "A3TH9S8BH6GOGM"
	account = "17841400000000001"
	catalog = "730000000000000001"

	latency = 200 * time.Millisecond // of a vendor's answers, when some fail
	late    = 2 * time.Second
)

// tiktok is the shop that every world has.
func (m *Market) tiktok(ctx context.Context, _ uint64) error {
	m.Shops = append(m.Shops, &Shop{
		Name: "TikTok Shop", Share: 56, ID: m.Connection(),
		Listed: func(sku string) (int, error) {
			s, err := m.Sim.Stock(bubble.Shop, m.listings[sku])
			return s.Listed, err
		},
		Buy: func(lines []Line) (string, error) {
			n := tiktoksim.NewOrder{BuyerID: "b", BuyerName: "Ana", Address: m.street()}
			for _, l := range lines {
				n.Lines = append(n.Lines, tiktoksim.Line{SKUID: m.listings[l.SKU], Quantity: l.Units})
			}
			id, err := m.Sim.PlaceOrder(bubble.Shop, n)
			return id, refused(err)
		},
		Edit: func(sku string, quantity int) error { return m.Sim.SetQuantity(bubble.Shop, m.listings[sku], quantity) },
		Cancel: func(order string) (bool, error) {
			return inTime(m.Sim.CancelOrder(bubble.Shop, order, "ecom_order_to_ship_canceled_reason_no_longer_needed"), tiktoksim.ErrState)
		},
		faults: func(f Faults) {
			m.Sim.SetFaults(tiktoksim.Faults{
				Duplicate: f.Again, Delay: f.Late, MaxDelay: late, Lose: f.Lost, Latency: slow(f), API5xx: f.Fails, APITimeoutAfter: f.Fails, AcceptedNotApplied: f.Fails,
			})
		},
		Over:  func() int { return m.Sim.Counts().RateLimited },
		Twice: func() []string { return m.Sim.Counts().Twice() },
	})
	return m.push(ctx, m.Connection())
}

// shopify is a shop of the plan whose quota such a shop needs.
func (m *Market) shopify(ctx context.Context, seed uint64) (err error) {
	sim := shopifysim.New(shopifysim.Config{
		ClientID: key, ClientSecret: word, Seed: seed, Clock: time.Now, PointsPerSecond: 1000, Look: time.Hour, Client: m.Client(),
	})
	sim.AddShop(shopifysim.Shop{Domain: domain, Name: "Market", Currency: "GBP"})
	variants := map[string]int64{}
	for _, sku := range m.o.SKUs {
		_, ids, err := sim.AddProduct(domain, shopifysim.Product{Title: sku, Variants: []shopifysim.SKU{{SKU: sku, Price: "1.99"}}})
		if err != nil {
			return err
		}
		variants[sku] = ids[0]
	}
	places, err := sim.Locations(domain)
	if err != nil {
		return err
	}
	m.Join(ctx, shopifyPort, sim.Handler(), sim.Run)
	s := &Shop{
		Name: "Shopify", Share: 30,
		Listed: func(sku string) (int, error) {
			l, err := sim.Stock(domain, variants[sku])
			return int(max(0, l.Available)), err
		},
		Buy: func(lines []Line) (string, error) {
			n := shopifysim.NewOrder{Buyer: "Ana", Address: m.street(), City: "Leeds", PostalCode: "LS1 1AA", Country: "GB"}
			for _, l := range lines {
				n.Lines = append(n.Lines, shopifysim.Line{Variant: variants[l.SKU], Quantity: int64(l.Units)})
			}
			id, err := sim.PlaceOrder(domain, n)
			return strconv.FormatInt(id, 10), refused(err)
		},
		Edit: func(sku string, quantity int) error {
			return sim.SetQuantity(domain, variants[sku], places[0], int64(quantity))
		},
		Cancel: func(order string) (bool, error) {
			id, err := strconv.ParseInt(order, 10, 64)
			if err != nil {
				return false, err
			}
			err = sim.CancelOrder(domain, id, "CUSTOMER", true)
			if sent, looked := sim.Order(domain, id); err != nil && looked == nil && len(sent.Parcels) > 0 {
				return false, nil
			}
			return err == nil, err
		},
		faults: func(f Faults) {
			sim.SetFaults(shopifysim.Faults{
				Duplicate: f.Again, Delay: f.Late, MaxDelay: late, Lose: f.Lost, Latency: slow(f), API5xx: f.Fails, APITimeoutAfter: f.Fails, APIGarbage: f.Fails, SpoilKey: f.Fails,
			})
		},
		Over:  func() int { return sim.Counts().Throttled },
		Twice: func() []string { return sim.Counts().Twice() },
	}
	s.ID, err = m.connect(ctx, channels.App{Channel: "shopify", Key: key, Secrets: []string{word}}, shopifyPort, channels.Grant{"shop": domain})
	if err != nil {
		return err
	}
	m.Shops = append(m.Shops, s)
	return m.push(ctx, s.ID)
}

// amazon is a store whose news come through a queue, with the vendor's own quotas.
func (m *Market) amazon(ctx context.Context, seed uint64) (err error) {
	sim := amazonsim.New(amazonsim.Config{ClientID: key, ClientSecret: word, Seed: seed, Clock: time.Now, Restock: true, ApplyDelay: 2 * time.Second})
	refresh := sim.AddSeller(amazonsim.Seller{ID: seller, Name: "Market"})
	for _, sku := range m.o.SKUs {
		if _, err := sim.AddListing(seller, amazonsim.Listing{SKU: sku, Title: sku, Type: "HAT", Price: "1.99"}); err != nil {
			return err
		}
	}
	m.Join(ctx, amazonPort, sim.Handler(), sim.Run)
	s := &Shop{
		Name: "Amazon", Share: 8,
		Listed: func(sku string) (int, error) { s, err := sim.Stock(seller, sku); return s.Listed, err },
		Buy: func(lines []Line) (string, error) {
			n := amazonsim.NewOrder{BuyerName: "Ana", Address: m.street(), City: "Leeds", PostalCode: "LS1 1AA"}
			for _, l := range lines {
				n.Lines = append(n.Lines, amazonsim.Line{SKU: l.SKU, Quantity: l.Units})
			}
			id, err := sim.PlaceOrder(seller, n)
			return id, refused(err)
		},
		Edit: func(sku string, quantity int) error { return sim.SetQuantity(seller, sku, quantity) },
		Cancel: func(order string) (bool, error) {
			return inTime(sim.CancelOrder(seller, order, "buyer changed their mind"), amazonsim.ErrState)
		},
		faults: func(f Faults) {
			sim.SetFaults(amazonsim.Faults{
				Duplicate: f.Again, Delay: f.Late, MaxDelay: late, Lose: f.Lost, Latency: slow(f), API5xx: f.Fails, APITimeoutAfter: f.Fails, AcceptedNotApplied: f.Fails,
			})
		},
		Over:  func() int { return sim.Counts().RateLimited },
		Twice: func() []string { return sim.Counts().Twice() },
	}
	s.ID, err = m.connect(ctx, channels.App{Channel: "amazon", Key: key, Secrets: []string{word}}, amazonPort, channels.Grant{
		"refresh-token": refresh, "seller-id": seller, "marketplace": "GB", "queue-url": sim.QueueURL(at(amazonPort)),
		"aws-key-id": "AKIDSIM", "aws-secret": "sim-secret", "aws-region": "eu-west-1",
	})
	if err != nil {
		return err
	}
	m.Shops = append(m.Shops, s)
	return m.push(ctx, s.ID)
}

// follow is the Instagram catalogue, which takes no orders and shows what TikTok Shop lists.
func (m *Market) follow(ctx context.Context, seed uint64) (err error) {
	m.Instagram = instagramsim.New(instagramsim.Config{AppID: key, AppSecret: word, Seed: seed, Clock: time.Now, Look: time.Hour, Client: m.Client()})
	m.Instagram.AddAccount(instagramsim.Account{ID: account, Username: "market", Catalog: catalog})
	for _, sku := range m.o.SKUs {
		if _, err := m.Instagram.AddItem(catalog, instagramsim.Item{RetailerID: sku, Name: sku, Price: "1.99"}); err != nil {
			return err
		}
	}
	m.Join(ctx, instagramPort, m.Instagram.Handler(), m.Instagram.Run)
	m.Catalogue, err = m.connect(ctx, channels.App{Channel: "instagram", Key: key, Secrets: []string{word}}, instagramPort, channels.Grant{
		"token": m.Instagram.NewToken(account, "EAA"), "account": account, "catalog": catalog,
	})
	if err != nil {
		return err
	}
	follows := map[string]any{"connection": m.Catalogue, "policy": "escrow", "follows": m.Shops[0].ID}
	if err := m.Command(ctx, "set-listing-policy", follows); err != nil {
		return err
	}
	return m.push(ctx, m.Catalogue)
}

// Shown is what the catalogue shows of a SKU.
func (m *Market) Shown(sku string) int { return m.Instagram.Listed(catalog, sku) }

// inTime reads a simulator's answer to a cancellation: false when the order has gone too far for it.
func inTime(err, tooLate error) (bool, error) {
	if errors.Is(err, tooLate) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cancel at the channel: %w", err)
	}
	return true, nil
}

func slow(f Faults) time.Duration {
	if f.Fails == 0 {
		return 0
	}
	return latency
}
