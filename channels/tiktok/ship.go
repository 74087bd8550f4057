package tiktok

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/tiktok/wire"
)

const (
	maxLabel    = 10 << 20 // bytes of a label file
	fileTimeout = 3        // times the timeout of a call
)

// Arrange implements channels.PlatformShipping. What the vendor calls shipped already is read again before it is believed; the
// tracking number comes with the label.
func (c *Connector) Arrange(ctx context.Context, pkg string) (channels.Shipment, error) {
	const name = "ship package"
	if err := wire.CheckID(name, pkg); err != nil {
		return channels.Shipment{}, err
	}
	_, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodPost, Path: "/fulfillment/202309/packages/" + pkg + "/ship",
		Body: map[string]string{"handover_method": "PICKUP"}, Write: true,
	})
	if err == nil {
		return channels.Shipment{Package: pkg}, nil
	}
	if channels.ClassOf(err) != channels.Done {
		return channels.Shipment{}, err
	}
	shipment, arranged, readErr := c.Package(ctx, pkg)
	switch {
	case readErr != nil:
		return channels.Shipment{}, readErr
	case !arranged:
		var f *channels.Failure
		_ = errors.As(err, &f) // it has a class, so it is one
		f.Class, f.Message = channels.Retry, f.Message+", but the package is not arranged yet"
		return channels.Shipment{}, f
	}
	shipment.Already = true
	return shipment, nil
}

// Package implements channels.PlatformShipping: it reports whether shipment has been arranged. A cancelled package is Gone.
func (c *Connector) Package(ctx context.Context, pkg string) (channels.Shipment, bool, error) {
	const name = "read package"
	if err := wire.CheckID(name, pkg); err != nil {
		return channels.Shipment{}, false, err
	}
	data, err := c.Call(ctx, wire.Request{Name: name, Method: http.MethodGet, Path: "/fulfillment/202309/packages/" + pkg})
	if err != nil {
		return channels.Shipment{}, false, err
	}
	var p struct {
		Status   channels.Text `json:"package_status"`
		Tracking channels.Text `json:"tracking_number"`
		Carrier  channels.Text `json:"shipping_provider_name"`
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return channels.Shipment{}, false, wire.Unreadable(name, err)
	}
	s := channels.Shipment{Package: pkg, Tracking: string(p.Tracking), Carrier: string(p.Carrier)}
	switch p.Status {
	case "TO_FULFILL":
		return s, false, nil
	case "PROCESSING", "FULFILLING", "COMPLETED":
		return s, true, nil
	case "CANCELLED", "CANCEL":
		return s, false, &channels.Failure{Class: channels.Gone, Call: name, Message: "the package was cancelled"}
	}
	return s, false, &channels.Failure{Class: channels.Rejected, Call: name, Message: "unknown package status " + channels.Short(string(p.Status), 40)}
}

// Label implements channels.PlatformShipping: an A6 PDF. While the vendor is still making it the class is Retry.
func (c *Connector) Label(ctx context.Context, pkg string) (channels.Label, error) {
	const name = "make label"
	if err := wire.CheckID(name, pkg); err != nil {
		return channels.Label{}, err
	}
	data, err := c.Call(ctx, wire.Request{
		Name: name, Method: http.MethodGet, Path: "/fulfillment/202309/packages/" + pkg + "/shipping_documents",
		Query: url.Values{"document_type": {"SHIPPING_LABEL"}, "document_size": {"A6"}},
	})
	if err != nil {
		return channels.Label{}, err
	}
	var document struct {
		URL      channels.Text `json:"doc_url"`
		Tracking channels.Text `json:"tracking_number"`
	}
	if err := json.Unmarshal(data, &document); err != nil || document.URL == "" {
		return channels.Label{}, &channels.Failure{Class: channels.Retry, Call: name, Message: "an answer without a file", Err: err}
	}
	client, timeout := c.Client()
	ctx, cancel := context.WithTimeout(ctx, fileTimeout*timeout)
	defer cancel()
	file, err := channels.DownloadPDF(ctx, client, string(document.URL), maxLabel)
	if err != nil {
		return channels.Label{}, err
	}
	return channels.Label{Type: "application/pdf", File: file, Tracking: string(document.Tracking)}, nil
}
