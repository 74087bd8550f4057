package api

import (
	"cmp"
	"net/http"
	"time"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/show"
)

// CreateReport has a report made.
func CreateReport(c *Call) (Answer, error) {
	var in struct {
		Type         string            `json:"reportType"`
		Marketplaces []string          `json:"marketplaceIds"`
		From         time.Time         `json:"dataStartTime"`
		To           time.Time         `json:"dataEndTime"`
		Options      map[string]string `json:"reportOptions"`
	}
	if err := c.Read(&in); err != nil {
		return Answer{}, err
	}
	if len(in.Marketplaces) != 1 || in.Marketplaces[0] != c.Marketplace {
		return Answer{}, Wrong("marketplaceIds must name the seller's, got %q.", in.Marketplaces)
	}
	r, err := c.Market.AskReport(c.Seller, in.Type, cmp.Or(in.From, c.Now), cmp.Or(in.To, c.Now))
	if err != nil {
		return Answer{}, err
	}
	return Answer{http.StatusAccepted, obj{"reportId": r.ID}}, nil
}

// GetReport tells how far a report is.
func GetReport(c *Call) (Answer, error) {
	r := c.Reports[c.Request.PathValue("report")]
	if r == nil {
		return Answer{}, Missing("Report %s is not of this seller.", c.Request.PathValue("report"))
	}
	return Answer{Body: c.report(r)}, nil
}

func (c *Call) report(r *market.Report) obj {
	body := obj{
		"reportId": r.ID, "reportType": r.Type, "marketplaceIds": []string{c.Marketplace}, "dataStartTime": show.Stamp(r.From), "dataEndTime": show.Stamp(r.To),
		"createdTime": show.Stamp(r.Created), "processingStatus": r.Status,
	}
	if !r.Ended.IsZero() {
		body["processingStartTime"], body["processingEndTime"] = show.Stamp(r.Ended), show.Stamp(r.Ended)
	}
	if r.Document != "" {
		body["reportDocumentId"] = r.Document
	}
	return body
}

// GetReportDocument tells where a report is to be had.
func GetReportDocument(c *Call) (Answer, error) {
	u := c.Uploads[c.Request.PathValue("document")]
	if u == nil || !u.Packed {
		return Answer{}, Missing("Report document %s is not of this seller.", c.Request.PathValue("document"))
	}
	return Answer{Body: obj{"reportDocumentId": u.ID, "url": c.documentURL(u), "compressionAlgorithm": "GZIP"}}, nil
}
