package easypost

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/creatorflow/creatorflow/channels"
)

// Signature is the header that a webhook is signed in.
const Signature = "X-Hmac-Signature"

// Verify says whether a webhook's raw body was signed with the secret. The vendor writes numbers such as 17.0, which no encoder
// of ours would: only the bytes that came can be judged.
func Verify(secret, signature string, body []byte) bool {
	mac := hmac.New(sha256.New, []byte(norm.NFKD.String(secret)))
	mac.Write(body)
	sent, err := hex.DecodeString(strings.TrimPrefix(signature, "hmac-sha256-hex="))
	return secret != "" && err == nil && hmac.Equal(sent, mac.Sum(nil))
}

// News is what a webhook tells of a parcel.
type News struct {
	ID       string // the event's: one that comes twice has the same
	Tracking string
	Status   string // the vendor's word: pre_transit, in_transit, out_for_delivery, delivered, …
	At       time.Time
}

// ReadNews reads a webhook's body; ok is false for one that tells nothing of a parcel.
func ReadNews(body []byte) (n News, ok bool, err error) {
	var event struct {
		ID          channels.Text `json:"id"`
		Description channels.Text `json:"description"`
		Result      struct {
			Object   channels.Text `json:"object"`
			Tracking channels.Text `json:"tracking_code"`
			Status   channels.Text `json:"status"`
			Updated  channels.Text `json:"updated_at"`
		} `json:"result"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return News{}, false, errors.New("a webhook of EasyPost cannot be read") // the cause could quote an address
	}
	if event.Result.Object != "Tracker" || !strings.HasPrefix(string(event.Description), "tracker.") {
		return News{}, false, nil
	}
	n = News{ID: string(event.ID), Tracking: string(event.Result.Tracking), Status: string(event.Result.Status)}
	n.At, _ = time.Parse(time.RFC3339, string(event.Result.Updated)) // whoever needs a time takes the arrival's without it
	if !channels.IsID(n.ID) || n.Tracking == "" || len(n.Tracking) > 100 || len(n.Status) > 60 {
		return News{}, false, errors.New("a webhook of EasyPost names no parcel")
	}
	return n, true, nil
}
