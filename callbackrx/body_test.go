package callbackrx_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const mebibyte = 1 << 20

// unsized hides its length, so that the client sends chunks.
type unsized struct{ io.Reader }

func TestBodyOfOneMebibyteIsTheMost(t *testing.T) {
	m := &memory{}
	r, _ := newReceiver(m)
	s := serveTCP(t, r)
	for name, c := range map[string]struct {
		size    int
		chunked bool
		status  int
	}{
		"whole":           {mebibyte, false, 200},
		"whole, chunked":  {mebibyte, true, 200},
		"larger":          {mebibyte + 1, false, 413},
		"larger, chunked": {mebibyte + 1, true, 413},
		"far larger":      {8 * mebibyte, true, 413},
	} {
		t.Run(name, func(t *testing.T) {
			m.mu.Lock()
			m.steps, m.pushes = nil, nil
			m.mu.Unlock()
			var body io.Reader = strings.NewReader(strings.Repeat("x", c.size))
			if c.chunked {
				body = unsized{body}
			}
			resp, err := s.Client().Post(s.URL+pushURL, "text/plain", body)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != c.status {
				t.Errorf("status %d, want %d", resp.StatusCode, c.status)
			}
			if c.status != 200 {
				wantSteps(t, m, "")
				return
			}
			if len(m.pushes) != 1 || len(m.pushes[0].Body) != c.size {
				t.Errorf("%d pushes, want one of %d bytes", len(m.pushes), c.size)
			}
		})
	}
}

// raw sends bytes, ends its side where cut is set, and returns the answer's
// status; 0: there was none.
func raw(t *testing.T, addr, text string, cut bool) int {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && cut {
		if err := tcp.CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestBodyCutShortIsNotKept(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		cut  bool
	}{
		"cut":            {"Content-Length: 100\r\n\r\nhalf of", true},
		"cut, chunked":   {"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf of", true},
		"no last chunk":  {"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", true},
		"broken chunk":   {"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n0\r\n\r\n", true},
		"slow":           {"Content-Length: 100\r\n\r\nhalf of", false},
		"slow, chunked":  {"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf of", false},
		"nothing at all": {"Content-Length: 100\r\n\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &memory{}
			r, _ := newReceiver(m)
			s := serveTCP(t, r, func(s *http.Server) { s.ReadTimeout = 300 * time.Millisecond })
			status := raw(t, s.Listener.Addr().String(), "POST "+pushURL+" HTTP/1.1\r\nHost: x\r\n"+c.head, c.cut)
			if status != 400 {
				t.Errorf("status %d, want 400", status)
			}
			wantSteps(t, m, "")
		})
	}
}

// A query that was not escaped is kept so that it reads as it was meant.
func TestRawQueryKeepsItsBytes(t *testing.T) {
	m := &memory{}
	r, _ := newReceiver(m)
	s := serveTCP(t, r)
	status := raw(t, s.Listener.Addr().String(), "GET "+pushURL+"?a=%B3&text=\xb3\xc9+\xb9\xa6&b=\xe5\xad\x97 HTTP/1.1\r\nHost: x\r\n\r\n", false)
	if status != 200 || len(m.pushes) != 1 || m.pushes[0].RawQuery != "a=%B3&text=%B3%C9+%B9%A6&b=%E5%AD%97" {
		t.Errorf("status %d, kept %+v", status, m.pushes)
	}
}

func TestHostileRequests(t *testing.T) {
	m := &memory{}
	r, _ := newReceiver(m)
	s := serveTCP(t, r)
	for _, target := range []string{
		"/callbacks/main/..", "/callbacks/../main/x", "/callbacks//main//x", "//callbacks/main/x", "/callbacks/%00/%00",
		"/callbacks/main/%ff%fe", "/callbacks/main/%2e%2e%2f", "/callbacks/{account}/{token}", "/callbacks/main/.", "/callbacks/main/.1.",
		"/callbacks/main/a.-1.b", "/callbacks/main/a.9223372036854775808.b", "/callbacks/main/\xff\xfe", "/callbacks/" + strings.Repeat("a/", 500),
		"*", "http://elsewhere/callbacks/main/x", "/callbacks/main/x?%zz&;=", "/callbacks/main/x#y", "/%63allbacks/main/x",
	} {
		for _, method := range []string{"GET", "POST", "OPTIONS", "BREW"} {
			text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: \xff,,;\r\nContent-Length: 0\r\n\r\n", method, target)
			if status := raw(t, s.Listener.Addr().String(), text, false); status == 200 && target != "*" || status == 0 || status >= 500 && status != 501 {
				t.Errorf("%s %q: %d", method, target, status)
			}
		}
	}
	wantSteps(t, m, "")
}

func FuzzReceive(f *testing.F) {
	f.Add("/callbacks/main/"+token, "a=b", "203.0.113.9:1", "10.0.0.1", []byte("x"))
	f.Add("/callbacks/main/a.1.b", "%zz", "@", ",,", []byte{0xff})
	f.Fuzz(func(t *testing.T, path, query, peer, forwarded string, body []byte) {
		m := &memory{}
		r, _ := newReceiver(m)
		w := push(r, "POST", "/callbacks/main/x", "", string(body), func(req *http.Request) {
			req.URL.Path, req.URL.RawPath, req.URL.RawQuery = path, "", query
			req.RemoteAddr, req.Header["X-Forwarded-For"] = peer, []string{forwarded}
		})
		ours := path == pushURL
		if ours != (w.Code == 200) || ours != (len(m.pushes) == 1) {
			t.Errorf("%q: status %d, %d kept", path, w.Code, len(m.pushes))
		}
		if ours && string(m.pushes[0].Body) != string(body) {
			t.Errorf("body %q was kept as %q", body, m.pushes[0].Body)
		}
	})
}
