package amazonsim

import (
	"io"
	"net/http"
	"strings"
)

func copyBody(to io.Writer, w http.ResponseWriter, r *http.Request) (int64, error) {
	return io.Copy(to, http.MaxBytesReader(w, r.Body, maxBody))
}

// putDocument takes what is uploaded to the address that createFeedDocument gave.
func (s *Sim) putDocument(w http.ResponseWriter, r *http.Request) {
	var body strings.Builder
	_, err := copyBody(&body, w, r)
	defer s.lock()()
	m, unknown := s.market.Seller(r.PathValue("seller"))
	if err != nil || unknown != nil || m.Uploads[r.PathValue("document")] == nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	u := m.Uploads[r.PathValue("document")]
	if r.Header.Get("Content-Type") != u.Type { // the address is signed for this type
		w.WriteHeader(http.StatusForbidden)
		return
	}
	u.Body = []byte(body.String())
}

// serveDocument hands out a document at its address.
func (s *Sim) serveDocument(w http.ResponseWriter, r *http.Request) {
	defer s.lock()()
	m, err := s.market.Seller(r.PathValue("seller"))
	if err != nil || m.Uploads[r.PathValue("document")] == nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	_, _ = w.Write(m.Uploads[r.PathValue("document")].Body) //nolint:gosec // a feed document as it was put there; a client that left is its own affair
}
