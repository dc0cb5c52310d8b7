package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// The ends of a stream without an answer. On HTTP/1 the connection is closed instead.
const (
	streamReset   = "reset"
	streamRefused = "refused"
	goingAway     = "going away"
)

// serveHTTP2 serves one connection frame by frame (RFC 9113), because a server of net/http
// does not let a handler choose how a stream ends. It ignores the client's flow control
// window, because all answers are shorter.
func serveHTTP2(_ *http.Server, conn *tls.Conn, handler http.Handler) {
	defer func() { _ = conn.Close() }()
	ctx := context.Background()
	if based, ok := handler.(interface{ BaseContext() context.Context }); ok {
		ctx = based.BaseContext()
	}
	ctx, gone := context.WithCancel(ctx)
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil || string(preface) != http2.ClientPreface {
		gone()
		return
	}
	c := &http2Conn{framer: http2.NewFramer(conn, conn), close: conn.Close, ctx: ctx, handler: handler, streams: map[uint32]*http2Stream{}}
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = c.framer.WriteSettings()
	var serving sync.WaitGroup
	for c.read(&serving) {
	}
	gone()
	_ = conn.Close()
	serving.Wait()
}

type http2Conn struct {
	framer  *http2.Framer
	close   func() error
	ctx     context.Context
	handler http.Handler
	// streams are the streams whose request is not complete.
	streams map[uint32]*http2Stream
	mu      sync.Mutex
	// taken is the highest stream that was accepted. Unless ignored is 0, streams from
	// ignored on are not accepted.
	taken, ignored uint32
}

type http2Stream struct {
	headers *http2.MetaHeadersFrame
	body    bytes.Buffer
	cancel  context.CancelFunc
}

// read reads one frame, and reports whether there may be another.
func (c *http2Conn) read(serving *sync.WaitGroup) bool {
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return false
	}
	ended := false
	id := frame.Header().StreamID
	switch frame := frame.(type) {
	case *http2.SettingsFrame:
		if !frame.IsAck() {
			c.write(func() { _ = c.framer.WriteSettingsAck() })
		}
	case *http2.PingFrame:
		if !frame.IsAck() {
			c.write(func() { _ = c.framer.WritePing(true, frame.Data) })
		}
	case *http2.MetaHeadersFrame:
		c.streams[id], ended = &http2Stream{headers: frame}, frame.StreamEnded()
	case *http2.DataFrame:
		if s := c.streams[id]; s != nil {
			s.body.Write(frame.Data())
			ended = frame.StreamEnded()
		}
		if n := uint32(len(frame.Data())); n > 0 {
			c.write(func() {
				_ = c.framer.WriteWindowUpdate(0, n)
				if !ended {
					_ = c.framer.WriteWindowUpdate(id, n)
				}
			})
		}
	case *http2.RSTStreamFrame:
		c.mu.Lock()
		if s := c.streams[id]; s != nil && s.cancel != nil {
			s.cancel()
		}
		c.mu.Unlock()
	}
	if s := c.streams[id]; ended {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ignored != 0 && id >= c.ignored {
			return true
		}
		ctx, cancel := context.WithCancel(c.ctx)
		s.cancel, c.taken = cancel, max(c.taken, id)
		serving.Go(func() {
			defer cancel()
			c.serve(ctx, id, s)
		})
	}
	return true
}

func (c *http2Conn) write(frames func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	frames()
}

// serve answers one request.
func (c *http2Conn) serve(ctx context.Context, id uint32, s *http2Stream) {
	r := (&http.Request{
		Method: s.headers.PseudoValue("method"), Host: s.headers.PseudoValue("authority"), RequestURI: s.headers.PseudoValue("path"),
		Proto: "HTTP/2.0", ProtoMajor: 2, Header: http.Header{}, Body: io.NopCloser(&s.body), ContentLength: int64(s.body.Len()),
	}).WithContext(ctx)
	at, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		c.write(func() { _ = c.framer.WriteRSTStream(id, http2.ErrCodeProtocol) })
		return
	}
	r.URL = at
	for _, field := range s.headers.RegularFields() {
		r.Header.Add(field.Name, field.Value)
	}
	w := &http2Writer{ResponseRecorder: httptest.NewRecorder()}
	if aborted := w.serve(c.handler, r); !aborted {
		c.answer(id, w)
		return
	}
	c.write(func() {
		switch w.end {
		case streamReset:
			_ = c.framer.WriteRSTStream(id, http2.ErrCodeProtocol)
		case streamRefused:
			_ = c.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream)
		case goingAway:
			// Streams have odd numbers. Earlier streams are answered; this one and all
			// later ones are not.
			last := max(id, 2) - 2
			if c.taken > id {
				// A later stream is already in progress, and GOAWAY must not deny it. So
				// only this stream is refused.
				last = c.taken
				_ = c.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream)
			}
			c.ignored = last + 2
			_ = c.framer.WriteGoAway(last, http2.ErrCodeNo, nil)
		default:
			if w.flushed {
				c.headers(id, w, false)
				_ = c.framer.WriteData(id, false, w.Body.Bytes())
			}
			_ = c.close()
		}
	})
}

func (c *http2Conn) answer(id uint32, w *http2Writer) {
	c.write(func() {
		body := w.Body.Bytes()
		c.headers(id, w, len(body) == 0)
		for part := range slices.Chunk(body, 16<<10) {
			body = body[len(part):]
			_ = c.framer.WriteData(id, len(body) == 0, part)
		}
	})
}

// headers writes the headers of an answer. The caller must hold c.mu.
func (c *http2Conn) headers(id uint32, w *http2Writer, last bool) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	_ = encoder.WriteField(hpack.HeaderField{Name: ":status", Value: strconv.Itoa(w.Code)})
	for name, values := range w.Header() {
		if name = strings.ToLower(name); name == "connection" {
			continue // RFC 9113, section 8.2.2
		}
		for _, value := range values {
			_ = encoder.WriteField(hpack.HeaderField{Name: name, Value: value})
		}
	}
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: last})
}

// http2Writer stores an answer until it is complete.
type http2Writer struct {
	*httptest.ResponseRecorder
	// end is how a stream without an answer ends.
	end     string
	flushed bool
}

// Flush makes the answer so far be sent even if no more follows.
func (w *http2Writer) Flush() { w.flushed = true }

func (w *http2Writer) serve(handler http.Handler, r *http.Request) (aborted bool) {
	defer func() {
		if why := recover(); why != nil && errors.Is(asError(why), http.ErrAbortHandler) {
			aborted = true
		} else if why != nil {
			panic(why)
		}
	}()
	handler.ServeHTTP(w, r)
	return false
}

// asError returns the error with which a handler panicked, nil for another value.
func asError(why any) error {
	err, _ := why.(error)
	return err
}
