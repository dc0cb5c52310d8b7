package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const maxBody = 4 << 20

// Options configure a Sandbox. The zero value serves with the wall clock and one access key.
type Options struct {
	// Now is the clock of all services: for signatures, execution times, expiry and
	// throttling. Default time.Now.
	Now func() time.Time
	// Log receives one line per request; nil is silent.
	Log io.Writer
	// Credentials are the accepted access keys by access key id.
	// Default: "sandbox-access-key" with "sandbox-secret-key" in account 123456789012.
	Credentials map[string]Secret
	// ReportMissingExecutions refuses reads of OOS executions that do not exist; otherwise
	// they show none.
	ReportMissingExecutions bool
	// ReadLag is how far reads lag behind writes, by Now: those of SSM, SWF, Step
	// Functions, ROS, OOS and Cloud Automator's jobs.
	ReadLag time.Duration
	// Temporal returns the address of the HTTP API of a Temporal server, to which the
	// sandbox forwards requests; nil if there is none. The first such request calls it.
	Temporal func() (string, error)
	// TemporalAPIKey is the API key that requests to Temporal may carry; "" is "sandbox-api-key".
	TemporalAPIKey string
	// WholeSeconds makes all services use whole seconds, because the resolution of their
	// times is not documented.
	WholeSeconds bool
	// NoDate omits the Date of all answers, as HTTP allows.
	NoDate bool
	// StepLimit is how many steps GetAutomationExecution shows at most before it sets
	// StepExecutionsTruncated. Default 100.
	StepLimit int
	// Documents are the runbooks for StartAutomationExecution, by name. Default:
	// "Sandbox-Approval", which waits for one approval.
	Documents map[string]Automation
	// CloudAutomator says how Cloud Automator behaves.
	CloudAutomator CloudAutomator
	// Domains are the registered SWF domains. Default: "sandbox".
	Domains []string
	// RetryAfter is the pause that ROS, OOS, Alibaba Cloud's STS and Cloud Automator ask
	// throttled callers for; 0 means none.
	RetryAfter time.Duration
	// WebIdentityToken is the only token that AssumeRoleWithWebIdentity and
	// AssumeRoleWithOIDC accept; if empty, they accept any.
	WebIdentityToken string
}

// Sandbox serves all services on one port. Its methods may be used from several goroutines.
type Sandbox struct {
	now            func() time.Time
	noDate         bool
	log            *log.Logger
	services       []service
	admin          *http.ServeMux
	keys           keyring
	requests       requestLog
	faults         faults
	ssm            *ssm
	swf            *swf
	transfer       *transfer
	sfn            *sfn
	codePipeline   *codePipeline
	cloudFormation *cloudFormation
	ecs            *ecs
	ros            *ros
	oos            *oos
	cloudAutomator *cloudAutomator
	temporal       *temporal

	done      chan struct{}
	closeOnce sync.Once
	// secure are the goroutines of ServeHTTP2.
	secure sync.WaitGroup

	mu       sync.Mutex
	hooks    map[string]hook
	addr     *net.TCPAddr
	cert     *tls.Certificate
	http2    bool
	server   *http.Server
	listener net.Listener // nil while refusing
	serving  chan struct{}
	conns    map[net.Conn]*connection
	opened   int
	openWait sync.WaitGroup
}

type connection struct {
	state http.ConnState
	// answered says that the connection's request has its answer, so the connection is as
	// good as idle.
	answered bool
	gone     chan struct{}
}

// connKey is the context key of a request's net.Conn.
type connKey struct{}

type hook struct{ before, after func() }

// A service is one service of a vendor. It writes its own errors, because their format
// differs.
type service interface {
	// name is the name of the service in the request log, in faults and in IAM actions.
	name() string
	match(c *call) bool
	// describe returns the operation and the region of a request, even of one that will be
	// refused. Unknown parts are empty.
	describe(c *call) (operation, region string)
	// authenticate also checks that the caller may call the operation, and sets c.caller.
	authenticate(c *call) *apiError
	// act validates the request and acts. It calls c.accept if it has changed anything.
	act(c *call) (reply, *apiError)
	failure(c *call, e *apiError) reply
	// fault returns the service's error for KindRefuse, KindThrottle, KindExpired or an
	// internal error.
	fault(c *call, k Kind) *apiError
	routes() []route
	reset()
}

// A call is one request while it passes the stages.
type call struct {
	r         *http.Request
	body      []byte
	now       time.Time
	requestID string
	operation string
	region    string
	caller    caller
	requests  *requestLog
	entry     *Request
}

// accept records that the service acted on the request.
func (c *call) accept() { c.requests.update(c.entry, func(e *Request) { e.Accepted = true }) }

type apiError struct {
	status  int
	code    string
	message string
}

func failf(status int, code, format string, args ...any) *apiError {
	return &apiError{status, code, fmt.Sprintf(format, args...)}
}

// A reply is an answer that is not written yet. With status 0 the connection is closed
// without an answer.
type reply struct {
	status int
	header map[string]string
	body   []byte
	// missing is how many announced bytes are not sent.
	missing int
	// end is how an HTTP/2 stream without an answer ends.
	end string
}

func (p reply) write(w http.ResponseWriter) {
	if p.status == 0 {
		if stream, ok := w.(*http2Writer); ok {
			stream.end = p.end
		}
		panic(http.ErrAbortHandler)
	}
	for k, v := range p.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(p.body)+p.missing))
	w.WriteHeader(p.status)
	_, _ = w.Write(p.body)
	if p.missing > 0 {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// New returns a sandbox that does not listen yet.
func New(o Options) *Sandbox {
	if o.Now == nil {
		o.Now = time.Now
	}
	if fine := o.Now; o.WholeSeconds {
		o.Now = func() time.Time { return fine().Truncate(time.Second) }
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Credentials == nil {
		o.Credentials = map[string]Secret{"sandbox-access-key": {SecretKey: "sandbox-secret-key"}}
	}
	s := &Sandbox{
		now:    o.Now,
		noDate: o.NoDate,
		log:    log.New(o.Log, "", 0),
		keys:   newKeyring(o.Credentials),
		done:   make(chan struct{}),
		hooks:  map[string]hook{},
		conns:  map[net.Conn]*connection{},
	}
	s.ssm = newSSM(s, o)
	s.swf = newSWF(s, o)
	s.transfer = newTransfer(s)
	s.sfn = newSFN(s, o)
	s.codePipeline = newCodePipeline(s, o)
	s.ecs = newECS(s, o)
	s.cloudFormation = newCloudFormation(s, o)
	used := &nonces{}
	s.ros = newROS(s, o, used)
	s.oos = newOOS(s, o, used)
	s.cloudAutomator = newCloudAutomator(s, o)
	s.temporal = newTemporal(s, o)
	s.services = []service{
		s.ssm,
		s.swf,
		s.transfer,
		s.sfn,
		s.codePipeline,
		s.ecs,
		s.cloudFormation,
		newSTS(s, o),
		newRAMSTS(s, o, used),
		s.oos,
		s.ros,
		s.temporal,
		s.cloudAutomator,
	}
	s.admin = s.adminMux()
	return s
}

// Start listens on addr, which must be a loopback address, because the sandbox's keys are
// public.
func (s *Sandbox) Start(addr string) error { return s.start(addr, nil) }

// lastRefusing is the last port of StartToRefuse, counted from 20000. The ports follow each
// other, so that no sandbox of this process takes the port that another one has closed.
var lastRefusing atomic.Uint32

func init() { lastRefusing.Store(mathrand.Uint32N(10000)) }

// StartToRefuse is Start on a port that systems assign to nobody. So no other server answers
// there after Refuse.
func (s *Sandbox) StartToRefuse() error {
	for range 1000 {
		if err := s.Start(fmt.Sprintf("127.0.0.1:%d", 20000+lastRefusing.Add(1)%10000)); err == nil {
			return nil
		}
	}
	return errors.New("no port of 20000 to 29999 is free")
}

// StartTLS is like Start, with a new self-signed certificate; see CertificatePEM.
func (s *Sandbox) StartTLS(addr string) error {
	cert, err := selfSigned()
	if err != nil {
		return err
	}
	return s.start(addr, cert)
}

// StartHTTP2 is like StartTLS, with the caller's certificate, and with HTTP/2 or HTTP/1.1
// as the client chooses.
func (s *Sandbox) StartHTTP2(addr string, cert tls.Certificate) error {
	s.http2 = true
	return s.start(addr, &cert)
}

func (s *Sandbox) start(addr string, cert *tls.Certificate) error {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return err
	}
	if !tcp.IP.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address", addr)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.addr != nil {
		return errors.New("sandbox started already")
	}
	// serveHTTP2 handles HTTP/2.
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	s.server = &http.Server{
		Handler:   s.Handler(),
		ConnState: s.track,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		ErrorLog:          s.log,
		Protocols:         &protocols,
		ReadHeaderTimeout: time.Minute,
	}
	if s.http2 {
		s.server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": serveHTTP2}
	}
	s.addr, s.cert = tcp, cert
	if err := s.listen(); err != nil {
		s.addr, s.cert, s.server = nil, nil, nil
		return err
	}
	return nil
}

// listen: the caller must hold s.mu. It pins the port, so that it stays the same over Refuse and Accept.
func (s *Sandbox) listen() error {
	select {
	case <-s.done:
		return errors.New("sandbox closed")
	default:
	}
	l, err := net.ListenTCP("tcp", s.addr)
	if err != nil {
		return err
	}
	s.addr = l.Addr().(*net.TCPAddr)
	s.listener = l
	if s.cert != nil {
		config := &tls.Config{Certificates: []tls.Certificate{*s.cert}, MinVersion: tls.VersionTLS12}
		if s.http2 {
			config.NextProtos = []string{"h2", "http/1.1"}
		}
		s.listener = tls.NewListener(l, config)
	}
	serving := make(chan struct{})
	s.serving = serving
	go func(l net.Listener) {
		defer close(serving)
		_ = s.server.Serve(l)
	}(s.listener)
	return nil
}

func (s *Sandbox) track(conn net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.opened++
		s.openWait.Add(1)
		s.conns[conn] = &connection{state: state, gone: make(chan struct{})}
	case http.StateClosed:
		close(s.conns[conn].gone)
		delete(s.conns, conn)
		s.openWait.Done()
	default:
		s.conns[conn].state, s.conns[conn].answered = state, false
		if state == http.StateIdle && s.listener == nil {
			closeWrite(conn)
		}
	}
}

// closeWrite tells the client that the connection ends, so that the client also closes it.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// Connections returns how many connections were opened.
func (s *Sandbox) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// URL returns the base address of all services, "" before Start.
func (s *Sandbox) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.addr == nil:
		return ""
	case s.cert != nil:
		return "https://" + s.addr.String()
	default:
		return "http://" + s.addr.String()
	}
}

// CertificatePEM returns the certificate of StartTLS, for a client's trust store; nil
// without TLS.
func (s *Sandbox) CertificatePEM() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Certificate[0]})
}

// ServeHTTP2 also serves the services on another loopback address, with TLS and HTTP/2. It
// returns the URL and the certificate in PEM. Close ends it.
func (s *Sandbox) ServeHTTP2(addr string) (string, []byte, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	if !tcp.IP.IsLoopback() {
		return "", nil, fmt.Errorf("%s is not a loopback address", addr)
	}
	cert, err := selfSigned()
	if err != nil {
		return "", nil, err
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{
		Handler: s.Handler(), ErrorLog: s.log, ReadHeaderTimeout: time.Minute,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": serveHTTP2},
	}
	s.secure.Go(func() {
		config := &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
		_ = server.Serve(tls.NewListener(listener, config))
	})
	s.secure.Go(func() {
		<-s.done
		_ = server.Close()
	})
	return "https://" + listener.Addr().String(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), nil
}

// Close stops listening, ends all delays and stalls, and returns when all connections are
// closed. A hook must not call it, because it runs inside a request.
func (s *Sandbox) Close() error {
	s.closeOnce.Do(func() { close(s.done) })
	s.secure.Wait()
	s.mu.Lock()
	server, serving := s.server, s.serving
	s.listener = nil
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	<-serving
	// The server does not know connections that it accepted while it was closing.
	s.mu.Lock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.openWait.Wait()
	return err
}

// firstAssigned is the first port that systems assign.
const firstAssigned = 32768

// Refuse closes the port and all idle connections, so that new connections are refused.
// Requests in progress are answered. It panics if the system may assign the port to another
// server, which would answer instead.
func (s *Sandbox) Refuse() {
	s.mu.Lock()
	listener, serving := s.listener, s.serving
	if s.addr != nil && s.addr.Port >= firstAssigned {
		panic(fmt.Sprintf("a sandbox that refuses connections needs a port below %d, and has %d", firstAssigned, s.addr.Port))
	}
	s.listener = nil
	s.mu.Unlock()
	if listener == nil {
		return
	}
	_ = listener.Close()
	<-serving
	s.mu.Lock()
	idle := map[net.Conn]*connection{}
	for conn, c := range s.conns {
		if c.state != http.StateActive {
			closeWrite(conn)
		}
		if c.state != http.StateActive || c.answered {
			idle[conn] = c
		}
	}
	s.mu.Unlock()
	// If the server closed an idle connection at once, it could lose a request that the
	// client is sending on it, which is another failure than a refused connection. So the
	// client closes first, unless it does not react.
	patience := time.After(time.Second)
	for conn, c := range idle {
		select {
		case <-c.gone:
		case <-patience:
			_ = conn.Close()
			patience = time.After(0)
		}
	}
}

// Accept listens again on the port that Refuse closed.
func (s *Sandbox) Accept() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.addr == nil:
		return errors.New("sandbox never started")
	case s.listener != nil:
		return nil
	}
	return s.listen()
}

// Hook calls before when an operation is about to act, and after when it has succeeded and
// before the answer. Both run inside the request. Either may be nil; two nils remove the
// hook.
func (s *Sandbox) Hook(operation string, before, after func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks[operation] = hook{before, after}
}

func (s *Sandbox) run(operation string, pick func(hook) func()) {
	s.mu.Lock()
	f := pick(s.hooks[operation])
	s.mu.Unlock()
	if f != nil {
		f()
	}
}

// Reset removes the request log, the faults, the hooks, the issued keys and the state of
// all services.
func (s *Sandbox) Reset() {
	s.mu.Lock()
	clear(s.hooks)
	s.mu.Unlock()
	s.ResetRequestLog()
	s.ClearFaults()
	s.keys.reset()
	for _, svc := range s.services {
		svc.reset()
	}
}

// Handler serves all services and the administration, without a port.
func (s *Sandbox) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, adminPrefix) {
			s.answering(w, r)
			s.admin.ServeHTTP(w, r)
			return
		}
		s.serve(w, r)
	})
}

func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	c := &call{r: r, body: body, now: s.now(), requestID: newUUID(), requests: &s.requests}
	svc := s.route(c)
	name := ""
	if svc != nil {
		name = svc.name()
		c.operation, c.region = svc.describe(c)
	}
	c.entry = s.requests.begin(name, c)

	var p reply
	switch {
	case err != nil:
		p = plain(http.StatusRequestEntityTooLarge)
	case svc == nil:
		p = plain(http.StatusNotFound)
	default:
		p = s.answer(svc, c)
	}
	var line string
	s.requests.update(c.entry, func(e *Request) {
		e.Status = p.status
		line = e.String()
	})
	s.log.Print(line)
	s.answering(w, r)
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	if s.noDate {
		w.Header()["Date"] = nil
	}
	p.write(w)
}

// answering decides what happens to the connection after the answer. If the port was closed
// during the request, it is the last request of the connection.
func (s *Sandbox) answering(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn, ok := r.Context().Value(connKey{}).(net.Conn)
	switch {
	case !ok: // another server
	case s.listener == nil:
		w.Header().Set("Connection", "close")
	default:
		s.conns[conn].answered = true
	}
}

func plain(status int) reply {
	return reply{status: status, header: map[string]string{"Content-Type": "text/plain"}, body: []byte(http.StatusText(status))}
}

func (s *Sandbox) route(c *call) service {
	for _, svc := range s.services {
		if svc.match(c) {
			return svc
		}
	}
	return nil
}

func (s *Sandbox) answer(svc service, c *call) reply {
	if e := svc.authenticate(c); e != nil {
		return fail(svc, c, e)
	}
	delay, f := s.faults.next(svc.name(), c.operation, c.now)
	if names := faultNames(delay, f); names != "" {
		c.requests.update(c.entry, func(e *Request) { e.Fault = names })
	}
	if delay > 0 {
		if !s.wait(c, delay) {
			return reply{}
		}
		c.now = s.now()
	}
	if p, done := s.faultBefore(svc, c, f); done {
		return p
	}
	s.run(c.operation, func(h hook) func() { return h.before })
	p, e := svc.act(c)
	if e != nil {
		p = fail(svc, c, e)
	} else {
		s.run(c.operation, func(h hook) func() { return h.after })
	}
	return s.faultAfter(svc, c, f, p)
}

// fail returns an error in the service's format, and records its code in the request log.
func fail(svc service, c *call, e *apiError) reply {
	c.requests.update(c.entry, func(entry *Request) { entry.Code = e.code })
	return svc.failure(c, e)
}

// wait waits for d. It reports whether the client and the sandbox are still there. If d is
// negative, it waits until one of them goes away.
func (s *Sandbox) wait(c *call, d time.Duration) bool {
	var elapsed <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		elapsed = timer.C
	}
	select {
	case <-elapsed:
		return true
	case <-c.r.Context().Done():
	case <-s.done:
	}
	return false
}

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// selfSigned uses the wall clock, as the clients' TLS does.
func selfSigned() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "sandbox"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
