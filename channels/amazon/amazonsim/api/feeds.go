package api

import (
	"net/http"
	"net/url"

	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/market"
	"github.com/creatorflow/creatorflow/channels/amazon/amazonsim/show"
)

// documentURL is where a document is put and fetched, for whoever knows the address.
func (c *Call) documentURL(u *market.Upload) string {
	return "http://" + c.Request.Host + "/feed-documents/" + c.ID + "/" + url.PathEscape(u.ID)
}

// CreateDocument gives an address to upload a feed's document to.
func CreateDocument(c *Call) (Answer, error) {
	var in struct {
		Type string `json:"contentType"`
	}
	if err := c.Read(&in); err != nil {
		return Answer{}, err
	}
	if in.Type == "" {
		return Answer{}, Wrong("contentType is required.")
	}
	u := c.Market.NewUpload(c.Seller, in.Type)
	return Answer{http.StatusCreated, obj{"feedDocumentId": u.ID, "url": c.documentURL(u)}}, nil
}

// CreateFeed takes an uploaded document in; what it says is done when the feed is done.
func CreateFeed(c *Call) (Answer, error) {
	var in struct {
		Type         string            `json:"feedType"`
		Marketplaces []string          `json:"marketplaceIds"`
		Document     string            `json:"inputFeedDocumentId"`
		Options      map[string]string `json:"feedOptions"`
	}
	if err := c.Read(&in); err != nil {
		return Answer{}, err
	}
	if len(in.Marketplaces) != 1 || in.Marketplaces[0] != c.Marketplace {
		return Answer{}, Wrong("marketplaceIds must name the seller's, got %q.", in.Marketplaces)
	}
	f, err := c.Market.Submit(c.Seller, in.Type, in.Document)
	if err != nil {
		return Answer{}, err
	}
	return Answer{http.StatusAccepted, obj{"feedId": f.ID}}, nil
}

// GetFeed tells how far a feed is.
func GetFeed(c *Call) (Answer, error) {
	f := c.Feeds[c.Request.PathValue("feed")]
	if f == nil {
		return Answer{}, Missing("Feed %s is not of this seller.", c.Request.PathValue("feed"))
	}
	body := obj{"feedId": f.ID, "feedType": f.Type, "marketplaceIds": []string{c.Marketplace}, "createdTime": show.Stamp(f.Created), "processingStatus": f.Status}
	if !f.Ended.IsZero() {
		body["processingStartTime"], body["processingEndTime"] = show.Stamp(f.Ended), show.Stamp(f.Ended)
	}
	if f.Result != "" {
		body["resultFeedDocumentId"] = f.Result
	}
	return Answer{Body: body}, nil
}

// GetDocument tells where the report of a feed is to be had.
func GetDocument(c *Call) (Answer, error) {
	u := c.Uploads[c.Request.PathValue("document")]
	if u == nil {
		return Answer{}, Missing("Feed document %s is not of this seller.", c.Request.PathValue("document"))
	}
	return Answer{Body: obj{"feedDocumentId": u.ID, "url": c.documentURL(u)}}, nil
}
