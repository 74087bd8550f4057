package easypost_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/channels/channelstest/changes"
	"github.com/creatorflow/creatorflow/partners/easypost"
	"github.com/creatorflow/creatorflow/partners/easypost/easypostsim"
)

// The vector is one that the vendor's own client for Node accepts: the secret is normalised, and 17.0 stays as it came.
const (
	vectorSecret = "sécret✨"
	vectorBody   = `{"id":"evt_cf1","object":"Event","mode":"test","description":"tracker.updated","result":{"id":"trk_cf1","object":"Tracker","tracking_code":"EZ1000000001","status":"in_transit","carrier":"USPS","weight":17.0}}`
	vectorHeader = "hmac-sha256-hex=77ec5bcaf20b71507d95f1fe5472aef71f1c1690bb71d7ffed5acbe4f5889e01"
)

func TestVerify(t *testing.T) {
	for name, test := range map[string]struct {
		secret, signature, body string
		want                    bool
	}{
		"the vendor's":     {vectorSecret, vectorHeader, vectorBody, true},
		"the simulator's":  {vectorSecret, easypostsim.Sign(vectorSecret, []byte(vectorBody)), vectorBody, true},
		"decomposed":       {"se\u0301cret✨", vectorHeader, vectorBody, true},
		"another secret":   {"secret", vectorHeader, vectorBody, false},
		"another body":     {vectorSecret, vectorHeader, vectorBody + " ", false},
		"no signature":     {vectorSecret, "", vectorBody, false},
		"no hex":           {vectorSecret, "hmac-sha256-hex=zz", vectorBody, false},
		"no secret at all": {"", easypostsim.Sign("", []byte(vectorBody)), vectorBody, false},
	} {
		if got := easypost.Verify(test.secret, test.signature, []byte(test.body)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestReadNews(t *testing.T) {
	n, ok, err := easypost.ReadNews([]byte(vectorBody))
	if err != nil || !ok || n.ID != "evt_cf1" || n.Tracking != "EZ1000000001" || n.Status != "in_transit" || !n.At.IsZero() {
		t.Errorf("%+v %v %v", n, ok, err)
	}
	for body, wrong := range map[string]bool{
		`{"id":"evt_1","description":"batch.created","result":{"object":"Batch"}}`:                         false,
		`{"id":"evt_1","description":"tracker.updated","result":{"object":"Tracker"}}`:                     true,
		`{"description":"tracker.updated","result":{"object":"Tracker","tracking_code":"1","status":"x"}}`: true,
		`[]`: true, ``: true,
	} {
		if _, ok, err := easypost.ReadNews([]byte(body)); ok || (err != nil) != wrong {
			t.Errorf("%s: %v %v", body, ok, err)
		}
	}
}

// TestMutatedNews: whatever EasyPost adds to a webhook, renames or leaves out, it is read or it is said that it cannot be.
func TestMutatedNews(t *testing.T) {
	whole, _, err := easypost.ReadNews([]byte(vectorBody))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		body, did := changes.Mutate(t, []byte(vectorBody))
		n, ok, err := easypost.ReadNews(body)
		switch {
		case did.How == "added" && (err != nil || !ok || n != whole):
			t.Fatalf("a member was added and it reads %+v, %t, %v", n, ok, err)
		case ok && (n.ID == "" || n.Tracking == "" || err != nil):
			t.Fatalf("%s reads %+v, %v", body, n, err)
		}
	})
}

func FuzzReadNews(f *testing.F) {
	f.Add([]byte(vectorBody))
	f.Fuzz(func(t *testing.T, body []byte) {
		if n, ok, _ := easypost.ReadNews(body); ok && (n.ID == "" || n.Tracking == "") {
			t.Errorf("news of nothing: %+v", n)
		}
	})
}
