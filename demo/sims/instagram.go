package sims

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim"
	"github.com/creatorflow/creatorflow/hub"
)

// What the simulated account is called. Its app is nobody's: the secret is a word.
const (
	metaApp     = "1234567890"
	metaSecret  = "simulated-app-secret" //nolint:gosec // of a simulator
	metaAccount = "17841400000000001"
	metaCatalog = "730000000000000001"
)

// Instagram is a simulated account with a catalogue, as flags say it.
type Instagram struct {
	Listen string     `help:"Address of the API; loopback only." default:"127.0.0.1:8093"`
	Items  []string   `help:"Codes of the catalogue's items." default:"HOODIE-M,HOODIE-L,MUG,CASE-PRO"`
	Hour   int        `help:"Calls an hour that the catalogue takes; 0 is no limit." default:"200"`
	Faults metaFaults `help:"Probabilities of faults as JSON: {\"duplicate\":0.05,\"lose\":0.02}; also delay, garble, bad_signature, api_5xx, api_timeout_after, api_garbage, accepted_not_applied." placeholder:"JSON"`
	Seed   uint64     `help:"Fixes ids, faults and their order." default:"1"`
}

// metaFaults are the simulator's, from a flag.
type metaFaults instagramsim.Faults

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *metaFaults) UnmarshalText(text []byte) error { return faults(text, (*instagramsim.Faults)(f)) }

// Validate refuses what the flags' types let through.
func (s Instagram) Validate() error {
	if s.Hour < 0 {
		return errors.New("--hour is not below 0")
	}
	return onlyHere(s.Listen)
}

// Run runs the account until ctx ends.
func (s Instagram) Run(ctx context.Context, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return hub.Listening(s.Listen, err)
	}
	sim := instagramsim.New(instagramsim.Config{
		AppID: metaApp, AppSecret: metaSecret, Seed: s.Seed, CallsPerHour: s.Hour, Faults: instagramsim.Faults(s.Faults),
	})
	sim.AddAccount(instagramsim.Account{ID: metaAccount, Username: "simulated_shop", Name: "Simulated shop", Catalog: metaCatalog})
	for _, code := range s.Items {
		if _, err := sim.AddItem(metaCatalog, instagramsim.Item{RetailerID: code, Price: "19.99", Quantity: 1}); err != nil {
			return fmt.Errorf("--items %q: %w", code, err)
		}
	}
	if _, err := fmt.Fprintf(out, `Simulated Instagram account on %[1]s, control under %[1]s/_sim/
Connect it with:
  creatorflow connect instagram --name "Simulated account" --base-url %[1]s --auth-url %[1]s --app-key %[2]s --app-secret %[3]s --account %[4]s --catalog %[5]s --token %[6]s
A comment on one of its posts, which becomes a webhook once the hub has a public address:
  curl %[1]s/_sim/comments --json '{"id":"%[4]s","comment":{"text":"need this"}}'
`, "http://"+listener.Addr().String(), metaApp, metaSecret, metaAccount, metaCatalog, sim.NewToken(metaAccount, "EAA")); err != nil {
		return err
	}
	return hub.Together(ctx, sim.Run, func(ctx context.Context) error {
		return serve(ctx, listener, sim.Handler(), sim.ControlHandler())
	})
}
