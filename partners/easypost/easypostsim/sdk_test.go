package easypostsim

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestSDK lets EasyPost's own client, which shares nothing with us, buy, read, give back and judge a webhook's signature.
func TestSDK(t *testing.T) {
	if _, err := os.Stat("sdktest/node_modules/@easypost/api"); err != nil {
		t.Fatal("EasyPost's client is not installed: run `make test`, or `npm ci` in partners/easypost/easypostsim/sdktest")
	}
	const secret = "sécret✨"
	s := New(Config{Clock: time.Now})
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	s.SetAddress(server.URL)
	s.trackers = append(s.trackers, &tracker{id: "trk_1", code: "EZ1", carrier: "USPS", status: "unknown", weight: 17})
	event, err := s.Move(t.Context(), "EZ1", "in_transit")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(event.Body, []byte(`"weight":17.0`)) {
		t.Errorf("the event's weight is not written as the vendor does: %s", event.Body)
	}
	cmd := exec.CommandContext(t.Context(), "node", "drive.mjs")
	cmd.Dir = "sdktest"
	cmd.Env = append(os.Environ(), "SIM_URL="+server.URL, "KEY=EZTKsim", "SECRET="+secret, "BODY="+string(event.Body), "HEADER="+Sign(secret, event.Body))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("node drive.mjs: %v\n%s%s", err, errs.String(), out.String())
	}
	type seen struct {
		Lowest, Tracking, Again, File, Twice, Refund, Tracker, Hook, WrongKey, Missing, Event string
		Listed, Hooks                                                                         int
	}
	var got seen
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if got.Tracking == "" || got.Again != got.Tracking {
		t.Errorf("bought %q, and by its reference %q", got.Tracking, got.Again)
	}
	want := seen{
		Lowest: "USPS GroundAdvantage 5.85", Tracking: got.Tracking, Again: got.Tracking, File: "%PDF-", Twice: "422 SHIPMENT.POSTAGE.EXISTS", Refund: "submitted",
		Tracker: "unknown", Hook: "http://127.0.0.1:1/hook", WrongKey: "401 APIKEY.INACTIVE", Missing: "404 NOT_FOUND", Event: "in_transit", Listed: 1, Hooks: 1,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if c := s.Counts(); c.Bought != 1 || c.Refunded != 1 || c.Balance != 1000_00 {
		t.Errorf("counts %+v", c)
	}
}
