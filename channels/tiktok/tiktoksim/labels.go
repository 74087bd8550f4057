package tiktoksim

import (
	"bytes"
	"crypto/hmac"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/creatorflow/creatorflow/channels/tiktok/tiktoksim/label"
)

// serveLabel serves what a doc_url points to: a signed link, good for 24 hours without a token.
func (s *Sim) serveLabel(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	got := q.Get("sign")
	q.Del("sign")
	expires, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if err != nil || !hmac.Equal([]byte(got), []byte(s.mac(r.URL.Path+q.Encode()))) || s.cfg.Clock().Unix() >= expires {
		http.Error(w, "the link is wrong or older than 24 hours", http.StatusForbidden)
		return
	}
	lines, ok := s.labelLines(q.Get("shop"), strings.TrimSuffix(r.PathValue("file"), ".pdf"))
	pdf, err := label.PDF(q.Get("size"), "TikTok Shipping (simulated)", lines)
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(pdf))
}

func (s *Sim) labelLines(shopID, packageID string) ([]string, bool) {
	defer s.lock()()
	st, err := s.market.Store(shopID)
	if err != nil || st.Packages[packageID] == nil {
		return nil, false
	}
	p := st.Packages[packageID]
	o := p.Orders[0]
	lines := []string{"Tracking " + p.Tracking, "Package " + p.ID}
	for _, o := range p.Orders {
		lines = append(lines, "Order "+o.ID)
	}
	lines = append(lines, "", "To: "+o.BuyerName,
		o.Address, o.PostalCode+" "+o.City, o.RegionCode, "", "From: "+st.Name, "")
	for _, it := range p.Contents() {
		lines = append(lines, fmt.Sprintf("%d x %s %s", it.Quantity, it.Listing.SellerSKU, it.Listing.Product.Title))
	}
	return lines, true
}
