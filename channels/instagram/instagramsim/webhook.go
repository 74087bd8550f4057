package instagramsim

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// subscription is where an app's webhooks go; the vendor keeps one address for all of an app's Instagram fields.
type subscription struct {
	address string
	fields  map[string]bool
}

// asApp mounts a call that an app makes in its own name. do runs without the mutex, because a handshake calls the address.
func (s *Sim) asApp(do func(c call) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := read(r)
		unlock := s.lock()
		s.counts.Requests["subscriptions"]++
		fault := s.roll(s.faults.API5xx)
		unlock()
		switch {
		case err != nil:
		case c.bearer() != s.app():
			err = graphError{code: 190, message: "Invalid OAuth access token signature."}
		case c.PathValue("node") != s.cfg.AppID:
			err = graphError{code: 100, subcode: 33, message: "Unsupported request. The object is not this app."}
		case fault:
			err = graphError{code: 2, message: "Service temporarily unavailable"}
		}
		var answer any
		if err == nil {
			answer, err = do(c)
		}
		s.reply(w, r, answer, err, "", nil)
	}
}

func (s *Sim) readSubscriptions(call) (any, error) {
	address, subscribed := s.Callback()
	if address == "" {
		return obj{"data": []obj{}}, nil
	}
	list := []obj{}
	for _, field := range subscribed {
		list = append(list, obj{"name": field, "version": Version})
	}
	return obj{"data": []obj{{"object": "instagram", "callback_url": address, "active": true, "fields": list}}}, nil
}

// writeSubscription replaces address and fields after the handshake: the address must echo a challenge.
func (s *Sim) writeSubscription(c call) (any, error) {
	address := c.text("callback_url")
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") { // the vendor takes https only; the hub under test is on this machine
		return nil, graphError{code: 100, message: "(#100) callback_url must be a valid URL"}
	}
	if c.text("object") != "instagram" {
		return nil, graphError{code: 100, message: "(#100) Param object must be instagram"}
	}
	wanted := map[string]bool{}
	for field := range strings.SplitSeq(c.text("fields"), ",") {
		if !slices.Contains(fields, field) {
			return nil, graphError{code: 100, message: "(#100) Param fields must be one of {" + strings.Join(fields, ", ") + "}"}
		}
		wanted[field] = true
	}
	if err := s.handshake(c.Context(), address, c.text("verify_token")); err != nil {
		return nil, err
	}
	defer s.lock()()
	s.callback = subscription{address: address, fields: wanted}
	return obj{"success": true}, nil
}

// handshake asks an address whether it is the app's: it must know the verify token and echo the challenge.
func (s *Sim) handshake(ctx context.Context, address, verify string) error {
	unlock := s.lock()
	challenge := fmt.Sprintf("%d", 1_000_000_000+s.rng.Uint32N(1_000_000_000))
	s.counts.Handshakes++
	unlock()
	failed := func(why string) error {
		defer s.lock()()
		s.counts.HandshakesFailed++
		return graphError{code: 2200, message: "(#2200) Callback verification failed with the following errors: " + why}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	query := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {challenge}, "hub.verify_token": {verify}}
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+joint+query.Encode(), nil) //nolint:gosec // likewise
	if err != nil {
		return failed("the address cannot be asked")
	}
	answer, err := s.cfg.Client.Do(r) //nolint:gosec // the app under test names its own address, as at the vendor
	if err != nil {
		return failed("no answer")
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	switch {
	case err != nil || answer.StatusCode != http.StatusOK:
		return failed("HTTP Status Code = " + answer.Status)
	case string(body) != challenge:
		return failed("The URL's response did not match the challenge")
	}
	return nil
}

func (s *Sim) endSubscription(c call) (any, error) {
	defer s.lock()()
	left := maps.Clone(s.callback.fields)
	if asked := c.text("fields"); asked != "" {
		for field := range strings.SplitSeq(asked, ",") {
			delete(left, field)
		}
	} else {
		clear(left)
	}
	s.callback.fields = left
	if len(left) == 0 {
		s.callback = subscription{}
	}
	return obj{"success": true}, nil
}

// own refuses an account's edge to a token of another account.
func (s *Sim) own(c call) (*account, error) {
	a := s.accounts[c.PathValue("node")]
	if a == nil || c.token.account != a.ID {
		return nil, graphError{code: 100, subcode: 33, message: "Unsupported request. Object with ID '" + c.PathValue("node") + "' does not exist or cannot be loaded due to missing permissions."}
	}
	return a, s.allowed(c.token, "instagram_manage_comments")
}

func (s *Sim) subscribedApps(c call) (any, error) {
	a, err := s.own(c)
	if err != nil {
		return nil, err
	}
	if len(a.fields) == 0 {
		return obj{"data": []obj{}}, nil
	}
	return obj{"data": []obj{{"id": s.cfg.AppID, "subscribed_fields": slices.Sorted(maps.Keys(a.fields))}}}, nil
}

func (s *Sim) leaveAccount(c call) (any, error) {
	a, err := s.own(c)
	if err == nil {
		clear(a.fields)
	}
	return obj{"success": err == nil}, err
}

func (s *Sim) subscribeAccount(c call) (any, error) {
	a, err := s.own(c)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for field := range strings.SplitSeq(c.text("subscribed_fields"), ",") {
		if !slices.Contains(fields, field) {
			return nil, graphError{code: 100, message: "(#100) Param subscribed_fields must be one of {" + strings.Join(fields, ", ") + "}"}
		}
		wanted[field] = true
	}
	a.fields = wanted
	return obj{"success": true}, nil
}
