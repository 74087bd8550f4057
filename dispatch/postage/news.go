package postage

import (
	"context"
	"net/http"

	labelevents "github.com/creatorflow/creatorflow/domain/events/labels"
	"github.com/creatorflow/creatorflow/domain/labels"
	"github.com/creatorflow/creatorflow/eventlog"
	"github.com/creatorflow/creatorflow/partners/easypost"
)

// Hook names the address under which the partner's webhooks come in, /webhooks/easypost/labels.
const Hook = "labels"

const maxNews = 1 << 20 // bytes of one webhook

// numberOf names where it is kept whose parcel has a number; it does not tell the number.
func (f *Office) numberOf(tracking string) string {
	return "parcel:" + f.o.Vault.AddressID("parcel "+tracking)
}

// Receive takes in what the partner tells of a parcel, and answers with the status of a webhook: 200 it is durable, or tells
// nothing that is wanted; 401 the signature is wrong; 503 it shall come again.
func (f *Office) Receive(ctx context.Context, app string, header http.Header, body []byte) (status int) {
	_, is, found, err := f.partner(ctx)
	switch {
	case err != nil:
		return http.StatusServiceUnavailable
	case !found || app != Hook:
		return http.StatusNotFound
	case len(body) > maxNews:
		return http.StatusRequestEntityTooLarge
	case !easypost.Verify(is.Hook, header.Get(easypost.Signature), body):
		return http.StatusUnauthorized
	}
	news, ok, err := easypost.ReadNews(body)
	if err != nil || !ok { // another time it would be no better
		return http.StatusOK
	}
	if err := f.moved(ctx, news); err != nil {
		return http.StatusServiceUnavailable
	}
	return http.StatusOK
}

// moved notes where a parcel is that a label was bought for; of others there is nothing to note.
func (f *Office) moved(ctx context.Context, n easypost.News) error {
	order, err := f.o.Vault.Cursor(ctx, f.numberOf(n.Tracking))
	if err != nil || order == "" {
		return err
	}
	if n.At.IsZero() {
		n.At = f.o.Clock()
	}
	m := labelevents.Moved{Order: order, Tracking: n.Tracking, Status: n.Status, At: n.At.UTC(), News: n.ID}
	_, err = eventlog.Execute(ctx, f.o.Log, labelevents.Journey(f.o.Workspace, order), labels.Moving(), m, eventlog.Meta{Actor: labelevents.EasyPost})
	return err
}
