package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/demo"
	"github.com/creatorflow/creatorflow/hub"
	"github.com/creatorflow/creatorflow/vault/accounts"
)

// folderFlags say where a hub's data is.
type folderFlags struct {
	Data      string `help:"Data folder." default:"./creatorflow-data" type:"path"`
	DB        string `name:"db" help:"PostgreSQL database that keeps the data instead of files in the folder, which then has only the key file and the socket." placeholder:"postgres://user:password@host/name" env:"CREATORFLOW_DB"`
	MasterKey string `help:"The vault's master key in base64, instead of the key file in the data folder."`
}

func (f folderFlags) options(c console) hub.Options {
	return hub.Options{Data: f.Data, DB: f.DB, Master: f.MasterKey, Version: version, Clock: time.Now, Log: logger(c, slog.LevelWarn)}
}

func logger(c console, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(c.err, &slog.HandlerOptions{Level: level}))
}

// limitFlags say how much may be asked of a hub.
type limitFlags struct {
	RateLimit int `help:"Requests a minute that one API key may send, a browser twice as many; 0 for no limit." default:"600"`
}

func (l limitFlags) check() error {
	if l.RateLimit < 0 || l.RateLimit > 1_000_000 {
		return errors.New("--rate-limit is from 0 to 1000000 requests a minute, 0 for no limit")
	}
	return nil
}

type serveCommand struct {
	folderFlags
	Listen     string         `help:"Address of the board, the API and the webhooks." default:"127.0.0.1:8080"`
	TLS        []string       `name:"tls" help:"Certificate and key file for https, needed beyond this machine." placeholder:"CERT,KEY"`
	TrustProxy []netip.Prefix `help:"Networks of proxies that speak https for the hub, such as 10.0.0.0/8." placeholder:"CIDR"`
	PublicURL  string         `name:"public-url" help:"Address under which the channels reach the hub, such as https://hub.example; their webhooks are sent there. Without it the hub polls." placeholder:"URL"`
	Poll       time.Duration  `help:"Time between reconciling polls of a shop; a third of it while orders come." default:"1m"`
	limitFlags
	Verbose bool `help:"Log what happens, not only what goes wrong."`
}

// Validate refuses what the flags' types let through.
func (s serveCommand) Validate() error {
	if n := len(s.TLS); n != 0 && n != 2 {
		return errors.New("--tls takes two files, a certificate and its key, with a comma between them")
	}
	if s.PublicURL != "" {
		if _, err := publicURL(s.PublicURL); err != nil {
			return err
		}
	}
	if s.Poll <= 0 {
		return errors.New("--poll is longer than nothing, such as 1m")
	}
	return s.check()
}

// publicURL reads the address that channels are given. Plain http is for a simulator on this machine.
func publicURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("--public-url %s: want a scheme and a host, such as https://hub.example", text)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return "", fmt.Errorf("--public-url %s: channels send webhooks over https only (http is for a simulator on 127.0.0.1)", text)
	}
	return u.Scheme + "://" + u.Host, nil
}

// Run serves until the process is told to stop.
func (s serveCommand) Run(ctx context.Context, c console) error {
	o := s.options(c)
	o.Poll, o.TrustProxy, o.Requests, o.Demo = s.Poll, s.TrustProxy, s.RateLimit, demo.Beside
	if s.PublicURL != "" {
		o.Public, _ = publicURL(s.PublicURL) // Validate has refused what it cannot be
	}
	if s.Verbose {
		o.Log = logger(c, slog.LevelInfo)
	}
	copy(o.TLS[:], s.TLS)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return hub.Listening(s.Listen, err)
	}
	h, err := hub.Open(ctx, o)
	if err != nil {
		_ = listener.Close() // the reason is err
		return err
	}
	if err := h.CheckListener(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close(), h.Close())
	}
	_, _ = fmt.Fprintf(c.out, "CreatorFlow serves %s on %s\n", s.Data, h.Address(listener.Addr())) // a closed terminal must not stop the hub
	users, err := h.Accounts.Users(ctx)
	if err == nil && len(users) == 0 {
		if token, err := h.Accounts.MakeLink(ctx, "owner", accounts.Owner, accounts.LinkLife); err == nil {
			_, _ = fmt.Fprintf(c.out, "Nobody can sign in yet. Open this link, it works once and for a day: %s/setup?token=%s\n"+
				"Another one is made with: creatorflow user link owner\n", h.Address(listener.Addr()), string(token))
		}
	}
	err = h.Run(ctx, listener)
	if closing := h.Close(); err == nil {
		err = closing
	}
	return err
}

type demoCommand struct {
	limitFlags
	Listen string `help:"Address of the board." default:"127.0.0.1:8080"`
	Data   string `help:"Data folder; a fresh temporary one when not given." type:"path"`
	DB     string `name:"db" help:"Empty PostgreSQL database that keeps the data instead." placeholder:"postgres://user:password@host/name"`
	Speed  string `help:"Orders and cancellations a minute, or max: each as soon as the one before was decided." default:"60"`
}

// Validate refuses what the flags' types let through.
func (d demoCommand) Validate() error {
	if n, err := strconv.Atoi(d.Speed); d.Speed != "max" && (err != nil || n < 1 || n > 100_000) {
		return errors.New("--speed is a number of orders a minute from 1 to 100000, or max")
	}
	return d.check()
}

// Run shows the demo until the process is told to stop.
func (d demoCommand) Run(ctx context.Context, c console) error {
	speed, _ := strconv.Atoi(d.Speed) // max is 0
	return demo.Run(ctx, demo.Options{
		Listen: d.Listen, Data: d.Data, Speed: speed, Out: c.out,
		Hub: hub.Options{DB: d.DB, Requests: d.RateLimit, Version: version, Clock: time.Now, Log: logger(c, slog.LevelWarn)},
	})
}
