// Package instagramsim is the part of Meta that an Instagram seller meets, to run on one's own machine: the Graph API of a
// commerce catalogue and of an Instagram account, its tokens and its webhooks. It shares no code with our connector.
//
//	request → gate (token, proof, permission, quota, faults) → node or edge → catalogue, subscriptions
//	Comment, Mention → change → one POST for many of them, signed, sent again for 36 hours
//
// A batch of item updates is accepted at once and takes effect later, as the vendor's does; what became of it is asked by
// its handle. Every effect is counted (Counts). One seed fixes ids and faults. Where the vendor's behaviour is not known,
// the choice made is said beside it.
//
// Not simulated: messages, story insights, hosted feeds, orders. The vendor's order API ended in October 2026, and calls
// of it are answered as any unknown path.
package instagramsim

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/channels/instagram/instagramsim/hooks"
)

// Version is the newest of the Graph API; older ones from v22.0 are answered alike.
const Version = "v26.0"

// Config is fixed for the life of a Sim; zero values are the vendor's defaults unless a field says otherwise.
type Config struct {
	AppID, AppSecret  string
	Clock             func() time.Time // default time.Now
	Seed              uint64           // fixes ids, faults and their order
	TokenLife         time.Duration    // of a long-lived token; default 60 days
	ApplyDelay        time.Duration    // an accepted batch takes effect this much later
	CallsPerHour      int              // of one catalogue; 0 = any number
	RequestsPerSecond float64          // of each endpoint; 0 = any number
	RefuseZero        bool             // a quantity of 0 is refused, item by item
	RequireProof      bool             // calls need appsecret_proof
	PageSize          int              // the most items of a page; default 1000
	RetrySchedule     []time.Duration  // after the first attempt; default at once, then ever less often up to 36 h
	TimeScale         float64          // divides RetrySchedule; 0 = 1
	Gather            time.Duration    // how long a change waits for others to share its POST
	MaxBatch          int              // changes of one POST; default 1000
	Look              time.Duration    // the longest sleep, after which a clock that was set is noticed; default 1 s
	Client            *http.Client     // sends webhooks; default a client of its own
	Faults            Faults
}

// Faults are probabilities from 0 to 1, drawn from the seed; durations are nanoseconds in JSON.
type Faults struct {
	Duplicate    float64       `json:"duplicate"`     // a POST is sent twice
	Delay        float64       `json:"delay"`         // a POST is sent up to MaxDelay late, after others that followed it
	Lose         float64       `json:"lose"`          // a POST is never sent
	Garble       float64       `json:"garble"`        // a POST is sent broken, but validly signed
	BadSignature float64       `json:"bad_signature"` // a forged POST is sent beside the true one, once
	MaxDelay     time.Duration `json:"max_delay"`     // default 5 s

	API5xx             float64       `json:"api_5xx"`              // 500 or 503, nothing was done
	APITimeoutAfter    float64       `json:"api_timeout_after"`    // done, then the connection is dropped
	APIGarbage         float64       `json:"api_garbage"`          // done, then the answer is unreadable
	AcceptedNotApplied float64       `json:"accepted_not_applied"` // a batch is accepted, finishes and changes nothing
	Latency            time.Duration `json:"latency"`              // before each answer
}

func (f Faults) hooks() hooks.Faults {
	return hooks.Faults{Duplicate: f.Duplicate, Delay: f.Delay, Lose: f.Lose, Garble: f.Garble, BadSignature: f.BadSignature, MaxDelay: f.MaxDelay}
}

// What the control methods refuse; compare with errors.Is.
var (
	ErrUnknown = errors.New("instagramsim: there is no such thing")
	ErrInvalid = errors.New("instagramsim: what was given makes no sense")
)

// Account is a seller's Instagram account with the catalogue that belongs to it.
type Account struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Catalog  string `json:"catalog"` // id; "" = none
	Business string `json:"business"`
	Currency string `json:"currency"` // of the catalogue's prices; default GBP
}

// Item is one product item of a catalogue.
type Item struct {
	ID           string `json:"id"`          // the vendor's; made when empty
	RetailerID   string `json:"retailer_id"` // the seller's code
	Name         string `json:"name"`
	Price        string `json:"price"` // as a decimal number
	Quantity     int    `json:"quantity"`
	Availability string `json:"availability"` // "in stock" or "out of stock"
	Review       string `json:"review_status"`
	Visibility   string `json:"visibility"`
}

// Comment is what somebody writes under a seller's media, or where they mention the seller.
type Comment struct {
	ID        string `json:"id"`    // made when empty
	Field     string `json:"field"` // comments (default), live_comments or mentions
	Media     string `json:"media"`
	MediaType string `json:"media_product_type"` // REELS when empty
	Text      string `json:"text"`
	From      string `json:"from"` // the writer's id
	Username  string `json:"username"`
}

// The fields that can be subscribed to.
var fields = []string{"comments", "live_comments", "mentions", "messages", "story_insights"}

// withDefaults fills what the vendor fixes.
func (c Config) withDefaults() Config {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}}
	}
	if c.RetrySchedule == nil {
		c.RetrySchedule = []time.Duration{
			0, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 36 * time.Hour,
		}
	}
	scaled := make([]time.Duration, len(c.RetrySchedule))
	for i, d := range c.RetrySchedule {
		scaled[i] = time.Duration(float64(d) / cmp.Or(c.TimeScale, 1))
	}
	c.RetrySchedule = scaled
	c.TokenLife = cmp.Or(c.TokenLife, 60*24*time.Hour)
	c.PageSize = cmp.Or(c.PageSize, 1000)
	c.MaxBatch = cmp.Or(c.MaxBatch, 1000)
	c.Look = cmp.Or(c.Look, time.Second)
	c.Faults.MaxDelay = cmp.Or(c.Faults.MaxDelay, 5*time.Second)
	return c
}
