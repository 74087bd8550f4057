package main

import "github.com/creatorflow/creatorflow/demo/sims"

type simCommand struct {
	Tiktok    sims.Tiktok    `cmd:"" help:"Run a simulated TikTok Shop."`
	Shopify   sims.Shopify   `cmd:"" help:"Run a simulated Shopify shop."`
	Amazon    sims.Amazon    `cmd:"" help:"Run a simulated Amazon with one seller and a queue."`
	Instagram sims.Instagram `cmd:"" help:"Run a simulated Instagram account with a catalogue."`
	Stripe    sims.Stripe    `cmd:"" help:"Run a simulated Stripe account, for direct sales paid by card."`
	Easypost  sims.Easypost  `cmd:"" help:"Run a simulated EasyPost account, for bought labels."`
}
