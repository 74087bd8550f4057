package amazon_test

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
	"github.com/creatorflow/creatorflow/channels/channelstest"
)

// TestExamineRed looks at connections of which one thing is broken: that one is red, with what mends it.
func TestExamineRed(t *testing.T) {
	extra := func(name, value string) func(*rig) {
		return func(r *rig) {
			r.opening.Connection.Extra = maps.Clone(r.opening.Connection.Extra)
			r.opening.Connection.Extra[name] = value
		}
	}
	for name, test := range map[string]struct {
		spoil func(*rig)
		red   []string // the checks
		found string   // part of what is said of the first
	}{
		"all is well":                      {func(*rig) {}, nil, ""},
		"the secret is wrong":              {func(r *rig) { r.ExpireTokens(); r.opening.App.Secrets = []string{"wrong"} }, []string{channels.CheckCredentials}, "does not take the app's credentials"},
		"nobody answers":                   {func(r *rig) { r.server.Close() }, []string{channels.CheckCredentials}, "does not answer"},
		"the API is another one":           {func(r *rig) { r.opening.App.BaseURL += "/retired" }, []string{channels.CheckCredentials}, "refuses even the simplest call"},
		"the seller took consent back":     {func(r *rig) { r.must(r.Withdraw(seller)) }, []string{channels.CheckToken}, "has ended"},
		"marketplaces may not be read":     {func(r *rig) { r.must(r.SetRoles(seller, amazonsim.RoleOrders, amazonsim.RoleListings)) }, []string{channels.CheckScopes}, "Selling Partner Insights"},
		"listings may not be read":         {func(r *rig) { r.must(r.SetRoles(seller, amazonsim.RoleOrders, amazonsim.RoleSettings)) }, []string{channels.CheckScopes}, "Product Listing"},
		"the seller left the marketplace":  {extra(wire.ExtraMarketplace, "A1PA6795UKMFR9"), []string{channels.CheckShop}, "does not take part"},
		"the queue is not there":           {extra(wire.ExtraQueue, "/000000000000/nothing"), []string{channels.CheckWebhooks}, "cannot be read"},
		"news go to another queue":         {func(r *rig) { r.Redirect(seller, "arn:aws:sqs:eu-west-1:999988887777:another") }, []string{channels.CheckWebhooks}, "another"},
		"news go nowhere":                  {func(r *rig) { r.Unsubscribe(seller) }, []string{channels.CheckWebhooks}, "go nowhere"},
		"the clock is 20 minutes ahead":    {func(r *rig) { r.ahead(20 * time.Minute) }, []string{channels.CheckClock, channels.CheckWebhooks}, "ahead of Amazon's"},
		"the clock is 20 minutes too slow": {func(r *rig) { r.ahead(-20 * time.Minute) }, []string{channels.CheckClock, channels.CheckWebhooks}, "behind Amazon's"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, channelstest.Knobs{})
			test.spoil(r)
			o := r.opening
			o.Log = slog.New(slog.DiscardHandler)
			o.Tokens = amazon.Vendor.Keeper(o, r.tokens)
			var red []string
			for _, f := range amazon.New(o).Examine(t.Context(), "") {
				if f.Found == "" || (f.State == channels.Red) != (f.Mend != "") {
					t.Errorf("%+v", f)
				}
				if f.State != channels.Red {
					continue
				}
				if red = append(red, f.Check); len(test.red) > 0 && f.Check == test.red[0] && !strings.Contains(f.Found, test.found) {
					t.Errorf("%s is red because %q, want %q", f.Check, f.Found, test.found)
				}
			}
			if slices.Sort(red); !slices.Equal(red, slices.Sorted(slices.Values(test.red))) {
				t.Errorf("red are %v, want %v", red, test.red)
			}
		})
	}
}

// ahead sets the connector's clock apart from the vendor's.
func (r *rig) ahead(by time.Duration) {
	clock := r.opening.Clock
	r.opening.Clock = func() time.Time { return clock().Add(by) }
}
