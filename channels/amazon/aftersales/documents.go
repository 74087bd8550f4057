package aftersales

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/creatorflow/creatorflow/channels"
	"github.com/creatorflow/creatorflow/channels/amazon/wire"
	"github.com/creatorflow/creatorflow/channels/outbound"
)

// carryTime is how long a document may be on its way.
const carryTime = 30 * time.Second

// documents are kept by the vendor under addresses of their own. Such an address opens its document to anyone, so it is in no error.
type documents struct{ client *http.Client }

// put uploads a document of the type that its address is signed for.
func (d documents) put(ctx context.Context, call, address, contentType string, body []byte) error {
	_, err := d.carry(ctx, call, http.MethodPut, address, contentType, body, maxReport)
	return err
}

// get downloads the document that an answer tells the address of, and unpacks it. One of more than most bytes is refused whole.
func (d documents) get(ctx context.Context, call string, answer json.RawMessage, most int64) ([]byte, error) {
	var where struct {
		URL    channels.Text `json:"url"`
		Packed channels.Text `json:"compressionAlgorithm"`
	}
	if err := json.Unmarshal(answer, &where); err != nil {
		return nil, wire.Unreadable(call, err)
	}
	text, err := d.carry(ctx, call, http.MethodGet, string(where.URL), "", nil, most)
	if err != nil || where.Packed != "GZIP" {
		return text, err
	}
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, wire.Unreadable(call, err)
	}
	return whole(call, r, most)
}

func (d documents) carry(ctx context.Context, call, method, address, contentType string, body []byte, most int64) ([]byte, error) {
	fail := func(class channels.Class, message string, err error) ([]byte, error) {
		return nil, &channels.Failure{Class: class, Call: call, Message: message, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, carryTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return fail(channels.Rejected, "the document's address cannot be read", nil)
	}
	if body != nil {
		r.Header.Set("Content-Type", contentType)
	}
	response, err := d.client.Do(r) // the guarded client judges the address
	switch {
	case errors.Is(err, outbound.ErrBlocked):
		return fail(channels.Rejected, "the document's address is not allowed", channels.WithoutURL(err))
	case err != nil:
		return fail(channels.Retry, "no answer from where the document lies", channels.WithoutURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode/100 != 2 {
		return fail(channels.Retry, "HTTP status "+strconv.Itoa(response.StatusCode)+" from where the document lies", nil)
	}
	return whole(call, response.Body, most)
}

// whole reads a document to its end.
func whole(call string, r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, &channels.Failure{Class: channels.Retry, Call: call, Message: "the document broke off", Err: channels.WithoutURL(err)}
	case int64(len(text)) > most:
		return nil, &channels.Failure{Class: channels.Rejected, Call: call, Message: fmt.Sprintf("the document is larger than %d bytes", most)}
	}
	return text, nil
}
