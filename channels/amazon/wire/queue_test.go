package wire

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creatorflow/creatorflow/channels"
)

// The vector was computed by two libraries, one of which is not the signer that is used here.
func TestSignature(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Key     string         `json:"access_key"`
			Secret  string         `json:"secret_key"`
			Region  string         `json:"region"`
			URL     string         `json:"url"`
			Headers map[string]any `json:"headers"`
			Body    string         `json:"body"`
			Want    string         `json:"expected_authorization"`
		} `json:"aws_sigv4_sqs_receive"`
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) == 0 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		q := QueueOf(channels.Opening{
			Clock: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
			Connection: channels.Connection{Extra: map[string]string{
				ExtraQueue: "https://sqs.us-east-1.amazonaws.com/111122223333/cf-spapi", ExtraRegion: v.Region, ExtraKey: v.Key, ExtraSecret: v.Secret,
			}},
		})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.URL, strings.NewReader(v.Body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", v.Headers["Content-Type"].(string))
		r.Header.Set("X-Amz-Target", v.Headers["X-Amz-Target"].(string))
		if err := q.sign(t.Context(), r, []byte(v.Body)); err != nil {
			t.Fatal(err)
		}
		if got := r.Header.Get("Authorization"); got != v.Want {
			t.Errorf("got\n%s, want\n%s", got, v.Want)
		}
	}
}

func TestARN(t *testing.T) {
	for _, tt := range []struct{ address, region, arn, in, problem string }{
		{"https://sqs.eu-west-1.amazonaws.com/111122223333/orders", "", "arn:aws:sqs:eu-west-1:111122223333:orders", "eu-west-1", ""},
		{"http://127.0.0.1:9/1/q", "us-east-1", "arn:aws:sqs:us-east-1:1:q", "us-east-1", ""},
		{"http://127.0.0.1:9/1/q", "", "", "", "does not name its region: give the AWS region as well"},
		{"https://sqs.eu-west-1.amazonaws.com/orders", "", "", "", "must end in the account's number and the queue's name"},
		{"orders", "", "", "", "is no address"},
	} {
		if arn, in, problem := ARN(tt.address, tt.region); arn != tt.arn || in != tt.in || problem != tt.problem {
			t.Errorf("%s: %q, %q, %q", tt.address, arn, in, problem)
		}
	}
}
