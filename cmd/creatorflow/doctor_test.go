package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// TestDoctorCommand examines at the command line: without a shop, with a whole one, with one that is broken, and on a
// folder that no hub serves.
func TestDoctorCommand(t *testing.T) {
	data := t.TempDir()
	shop := start(t, "sim", "tiktok")
	eventually(t, "the shop says how to connect it", func() bool { return strings.Contains(shop.out.String(), "curl") })
	hub := startHub(t, data, "--public-url", "http://127.0.0.1:1")
	if out := done(t, "doctor", "--data", data); !strings.Contains(out, "No shop is connected") {
		t.Errorf("without a shop: %s", out)
	}
	connect := regexp.MustCompile(`creatorflow (connect tiktok) --name "Simulated shop" (.+)`).FindStringSubmatch(shop.out.String())
	args := append(strings.Fields(connect[1]), "--name", "Shop", "--data", data)
	if out := done(t, append(args, strings.Fields(connect[2])...)...); !strings.Contains(out, "Webhooks come to http://127.0.0.1:1/webhooks/tiktok/") {
		t.Errorf("connect says %s", out)
	}
	line := func(out, check string) string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^  (\w+) +` + check + `  .*$`).FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("no %s in\n%s", check, out)
		}
		return found[1]
	}
	checks := []string{"credentials", "token", "scopes", "clock", "shop", "webhooks", "test event", "locations"}
	out := done(t, "doctor", "--data", data)
	for _, check := range checks {
		if got := line(out, check); got != "green" {
			t.Errorf("%s is %s in\n%s", check, got, out)
		}
	}
	shop.ask(http.MethodPost, "/_sim/warehouse", "", map[string]string{"status": "DISABLED"}, nil)
	code, out, errs := once(t, "doctor", "--data", data)
	if code != exitFailure || line(out, "locations") != "red" || !strings.Contains(out, "mend:") || !strings.Contains(errs, "1 of the checks") {
		t.Errorf("exit %d, %q,\n%s", code, errs, out)
	}
	shop.ask(http.MethodPost, "/_sim/warehouse", "", map[string]string{"status": "ENABLED"}, nil)
	hub.stop()
	out = done(t, "doctor", "--data", data)
	for _, check := range checks {
		want := "green"
		if check == "webhooks" || check == "test event" {
			want = "grey"
		}
		if got := line(out, check); got != want {
			t.Errorf("with nobody there %s is %s in\n%s", check, got, out)
		}
	}
	if code, _, errs := once(t, "doctor", "nobody", "--data", data); code != exitFailure || !strings.Contains(errs, `no connection "nobody"`) {
		t.Errorf("exit %d, %q", code, errs)
	}
	shop.stop()
}

func TestPublicURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://hub.example": "https://hub.example", "https://hub.example:8443/": "https://hub.example:8443", "http://localhost:8080": "http://localhost:8080",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://hub.example": "", "https://hub.example/path": "", "hub.example": "",
		"https://a:b@hub.example": "", "https://hub.example?x=1": "", "ftp://127.0.0.1": "",
	} {
		if got, err := publicURL(text); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	if code, _, errs := once(t, "serve", "--data", t.TempDir(), "--public-url", "http://hub.example"); code != exitUsage || !strings.Contains(errs, "https only") {
		t.Errorf("exit %d, %q", code, errs)
	}
}
