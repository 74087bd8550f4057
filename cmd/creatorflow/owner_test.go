package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim"
	"github.com/creatorflow/creatorflow/demo"
)

// TestOwnerCommands gives each command to a running hub and to a folder that nobody holds: the words
// are the same, and what they did holds for the hub that serves the folder.
func TestOwnerCommands(t *testing.T) {
	dir := t.TempDir()
	said := map[string]string{}
	for _, running := range []bool{true, false} {
		name := map[bool]string{true: "running", false: "nobody there"}[running]
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(dir, name)
			var hub *process
			if running {
				hub = startHub(t, data)
				if !strings.Contains(hub.out.String(), "creatorflow user link") {
					t.Errorf("serve does not say how to sign in: %q", hub.out.String())
				}
			}
			words, made := ownerCommands(t, data)
			said[name] = words
			if !running {
				hub = startHub(t, data)
			}
			if at := hub.url + "/setup?"; running && !strings.HasPrefix(made.link, at) {
				t.Errorf("the link %s does not lead to %s", made.link, at)
			}
			checkMade(t, hub, data, made)
			hub.stop()
		})
	}
	if said["running"] != said["nobody there"] {
		t.Errorf("a running hub's commands print\n%s\nthose on a folder\n%s", said["running"], said["nobody there"])
	}
}

// made is what the owner's commands gave.
type made struct{ key, ended, link string }

// ownerCommands runs all of them and returns what they printed, without what differs by chance.
func ownerCommands(t *testing.T, data string) (words string, m made) {
	t.Helper()
	sim := tiktoksim.New(tiktoksim.Config{AppKey: demo.AppKey, AppSecret: demo.AppSecret})
	sim.AddShop(tiktoksim.Shop{ID: demo.ShopID, Name: "Their name", Region: "GB", Currency: "GBP"})
	market := httptest.NewServer(sim.Handler())
	defer market.Close()
	var all strings.Builder
	do := func(args ...string) string {
		t.Helper()
		out := done(t, append(args, "--data", data)...)
		all.WriteString(strings.Join(args, " ") + "\n" + out)
		return out
	}
	m.key = strings.TrimSpace(do("key", "make", "till", "--role", "owner"))
	m.ended = strings.TrimSpace(do("key", "make", "old till"))
	do("key", "list")
	do("key", "revoke", m.ended[:11])
	do("key", "list")
	m.link, _, _ = strings.Cut(do("user", "link", "Ana"), "\n")
	do("user", "list")
	do("user", "link", "Ana", "--address", "https://hub.example")
	do("connect", "tiktok", "--name", "My shop", "--app-key", demo.AppKey, "--app-secret", demo.AppSecret,
		"--auth-code", sim.AuthCode(demo.ShopID), "--base-url", market.URL, "--auth-url", market.URL)
	do("rebuild")
	do("verify")
	words = all.String()
	for _, c := range []struct{ find, put string }{
		{`--auth-code \S+ --base-url \S+ --auth-url \S+`, "CODE"},
		{`cf_[0-9a-f]{8}_[\w-]+`, "KEY"},
		{`cf_[0-9a-f]{8}`, "PREFIX"},
		{`token=[\w-]{20,}`, "TOKEN"},
		{`http://127\.0\.0\.1:\d+`, "ADDRESS"},
		{`\) as [a-z0-9]{6}\.`, ") as ID."},
		{`/tiktok/[a-z0-9]{6}`, "/tiktok/APP"},
		{`[0-9a-f]{64}`, "HASH"},
		{`\d{4}-\d\d-\d\d`, "DAY"},
		{`position \d+|\d+ events in \d+ commits and \d+ streams`, "NUMBERS"},
	} {
		found := regexp.MustCompile(c.find)
		if !found.MatchString(words) {
			t.Errorf("no %s in\n%s", c.find, words)
		}
		words = found.ReplaceAllString(words, c.put)
	}
	return words, m
}

func checkMade(t *testing.T, hub *process, data string, m made) {
	t.Helper()
	var who struct{ User, Role string }
	if hub.ask(http.MethodGet, "/api/v1/session", m.key, nil, &who); who.User != "key:"+m.key[:11] || who.Role != "owner" {
		t.Errorf("the key is %+v", who)
	}
	if status, _, err := hub.try(http.MethodGet, "/api/v1/session", m.ended, nil, nil); status != http.StatusUnauthorized || err != nil {
		t.Errorf("the revoked key is answered with %d, %v", status, err)
	}
	var shops struct {
		Items []struct {
			Name   string
			ShopID string `json:"shop_id"`
		}
	}
	hub.ask(http.MethodGet, "/api/v1/connections", m.key, nil, &shops)
	if len(shops.Items) != 1 || shops.Items[0].Name != "My shop" || shops.Items[0].ShopID != demo.ShopID {
		t.Errorf("connected: %+v", shops.Items)
	}
	_, token, _ := strings.Cut(m.link, "token=")
	setup := map[string]string{"token": token, "user": "Ana", "password": "correct horse"}
	cookie, _, _ := strings.Cut(hub.ask(http.MethodPost, "/api/v1/setup", "", setup, nil).Get("Set-Cookie"), ";")
	if hub.ask(http.MethodGet, "/api/v1/session", cookie, nil, &who); who.User != "Ana" || who.Role != "owner" {
		t.Errorf("the link signed in %+v", who)
	}
	if status, _, err := hub.try(http.MethodPost, "/api/v1/setup", "", setup, nil); status != http.StatusConflict || err != nil {
		t.Errorf("the used link is answered with %d, %v", status, err)
	}
	_, token, _ = strings.Cut(strings.Fields(done(t, "user", "link", "Ben", "--role", "operator", "--data", data))[0], "token=")
	setup["token"], setup["user"] = token, "Ben"
	cookie, _, _ = strings.Cut(hub.ask(http.MethodPost, "/api/v1/setup", "", setup, nil).Get("Set-Cookie"), ";")
	for _, change := range [][]string{{"role", "Ben", "viewer"}, {"disable", "Ben"}, {"enable", "Ben"}} {
		done(t, append(append([]string{"user"}, change...), "--data", data)...)
	}
	if status, _, err := hub.try(http.MethodGet, "/api/v1/session", cookie, nil, nil); status != http.StatusUnauthorized || err != nil {
		t.Errorf("after another role the old session is answered with %d, %v", status, err)
	}
	if list := done(t, "user", "list", "--data", data); !strings.Contains(list, "viewer") {
		t.Errorf("the new role is not in\n%s", list)
	}
}
