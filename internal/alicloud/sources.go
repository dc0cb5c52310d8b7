package alicloud

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
)

// source is where the first credentials come from. The vendor's module credentials-go has
// most of these sources, but has five problems here: its requests do not end with a context
// and have no timeout, its errors and its standard output contain answers of servers and
// the output of processes, it does not tell when keys expire, and it sends the requests to
// metadata services through HTTP_PROXY.
type source interface {
	// retrieve returns a *delivery.CredentialsError if the cause or the next step is known.
	retrieve(ctx context.Context, c *Clients) (keys, error)
	// String says where the keys come from.
	String() string
}

// fixed has keys that are never renewed.
type fixed struct {
	keys keys
	from string
}

func (f fixed) retrieve(context.Context, *Clients) (keys, error) { return f.keys, nil }

func (f fixed) String() string { return f.from }

// id tells keys apart from those before them. Some sources renew only the token.
func (k keys) id() string { return k.accessKey + "/" + k.securityToken }

// check hides keys in messages. It returns a *delivery.CredentialsError for keys that cannot
// be used to sign.
func (c *Clients) check(k keys, from string) error {
	c.config.Secrets.Hide(k.secretKey, k.securityToken)
	return delivery.CheckKeys(from, map[string]string{"access key": k.accessKey, "secret key": k.secretKey, "security token": k.securityToken})
}

// signedIn reads the keys that the aliyun command line has stored at the last sign-in with
// a profile. The command line renews them, so signedIn reads the file again each time.
type signedIn struct{ path, profile string }

func (s signedIn) retrieve(context.Context, *Clients) (keys, error) {
	next := fmt.Sprintf("Sign in again, with a command that uses the profile: \"aliyun sts GetCallerIdentity --profile %s\".", delivery.ShellWord(s.profile))
	in, err := readProfiles(s.path)
	if err != nil {
		return keys{}, err
	}
	p, err := in.find(s.profile)
	if err != nil {
		return keys{}, err
	}
	kept := p.keys()
	if p.STSExpires > 0 {
		kept.expires = time.Unix(p.STSExpires, 0)
	}
	switch {
	case kept.accessKey == "" || kept.secretKey == "" || kept.securityToken == "":
		return keys{}, &delivery.CredentialsError{Cause: delivery.NoCredentials, Next: next, Err: fmt.Errorf("the profile %q in %s has no keys of a sign-in", s.profile, s.path)}
	case !kept.expires.IsZero() && delivery.Until(kept.expires) <= 0:
		return keys{}, &delivery.CredentialsError{Cause: delivery.NoCredentials, Next: next,
			Err: fmt.Errorf("the keys of the last sign-in with the profile %q in %s have expired, at %s", s.profile, s.path, kept.expires.UTC().Format(time.RFC3339))}
	}
	return kept, nil
}

func (s signedIn) String() string {
	return fmt.Sprintf("the last sign-in with the profile %q in %s", s.profile, s.path)
}

// external runs the process_command of a profile, which prints keys.
type external struct{ command, profile string }

func (e external) retrieve(ctx context.Context, c *Clients) (printed keys, err error) {
	words, err := splitCommand(e.command)
	if err != nil {
		return keys{}, fmt.Errorf("the process_command of the profile %q %w", e.profile, err)
	}
	err = delivery.RunHelper(ctx, c.config.Secrets, func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // The user names it in the profile.
	}, func(text []byte) error {
		var said struct {
			Mode          string
			AccessKey     string `json:"access_key_id"`
			SecretKey     string `json:"access_key_secret"`
			SecurityToken string `json:"sts_token"`
			Expiration    string
		}
		switch err := json.Unmarshal(text, &said); {
		case err != nil:
			return errors.New("it has to print the JSON of credentials and nothing else")
		case said.Mode != "AK" && said.Mode != "StsToken" && said.Mode != "":
			return errors.New("what it printed has another mode than AK and StsToken")
		case said.AccessKey == "" || said.SecretKey == "":
			return errors.New("what it printed has no access_key_id or no access_key_secret")
		case said.Mode == "StsToken" && said.SecurityToken == "":
			return errors.New("what it printed has no sts_token")
		}
		printed = keys{accessKey: said.AccessKey, secretKey: said.SecretKey, securityToken: said.SecurityToken}
		if said.Expiration != "" {
			if printed.expires, err = time.Parse(time.RFC3339, said.Expiration); err != nil {
				return errors.New("what it printed has an expiration that is no time")
			}
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("running the process_command of the profile %q: %w", e.profile, err)
	}
	return printed, err
}

func (e external) String() string { return fmt.Sprintf("process_command of the profile %q", e.profile) }

// splitCommand splits a command into words, without a shell. The aliyun command line splits
// only at spaces. Here a word with spaces can be quoted.
func splitCommand(command string) (words []string, err error) {
	var word strings.Builder
	quote, begun := rune(0), false
	text := []rune(command)
	for i := 0; i < len(text); i++ {
		switch r := text[i]; {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, begun = r, true
		case quote != '\'' && r == '\\' && runtime.GOOS != "windows" && i+1 < len(text):
			i++
			begun = true
			word.WriteRune(text[i])
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if begun {
		words = append(words, word.String())
	}
	if quote != 0 || len(words) == 0 {
		return nil, errors.New("has a quotation mark without another, or no words")
	}
	return words, nil
}

// oidcRole is a role assumed with the token of an OpenID Connect provider.
type oidcRole struct {
	AssumeRoleWithOIDC
	// from says where the role is configured, and file where the token's file is named.
	from, file string
}

func (o oidcRole) retrieve(ctx context.Context, c *Clients) (keys, error) {
	token := o.Token
	if token == "" {
		// The file may be renewed while the provider runs.
		text, err := os.ReadFile(delivery.ExpandPath(o.TokenFile))
		if err != nil {
			return keys{}, fmt.Errorf("reading the OIDC token in the file that %s names: %w", o.file, err)
		}
		token = strings.TrimSpace(string(text))
	}
	c.config.Secrets.Hide(token)
	if err := delivery.CheckCredential("the OIDC token of "+o.from, token); err != nil {
		return keys{}, &delivery.CredentialsError{Cause: delivery.NoCredentials, Err: err, Next: "Correct it there."}
	}
	return c.assumeWithOIDC(ctx, o, token)
}

func (o oidcRole) String() string {
	return "the role " + o.RoleARN + " assumed with OIDC, of " + o.from
}

// given is the answer of a metadata service, or of the server at credentials_uri.
type given struct {
	Code            string
	AccessKeyID     string `json:"AccessKeyId"`
	AccessKeySecret string
	SecurityToken   string
	Expiration      time.Time
}

func (g given) keys() (keys, error) {
	if g.Code != "" && g.Code != "Success" || g.AccessKeyID == "" || g.AccessKeySecret == "" || g.SecurityToken == "" || g.Expiration.IsZero() {
		return keys{}, errors.New("it gave an incomplete answer")
	}
	return keys{accessKey: g.AccessKeyID, secretKey: g.AccessKeySecret, securityToken: g.SecurityToken, expires: g.Expiration}, nil
}

// credentialsURI is the URL of a server that returns keys.
type credentialsURI string

func (u credentialsURI) retrieve(ctx context.Context, c *Clients) (keys, error) {
	at, err := url.Parse(string(u))
	if err != nil || at.Host == "" {
		return keys{}, errors.New("credentials_uri, or the variable of the environment for it, is not a URL")
	}
	c.config.Secrets.Hide(at.RawQuery)
	text, err := c.ask(ctx, http.MethodGet, string(u), nil)
	var said given
	if err == nil && json.Unmarshal(text, &said) != nil {
		err = errors.New("its answer is not the JSON of credentials")
	}
	var found keys
	if err == nil {
		found, err = said.keys()
	}
	if err != nil {
		return keys{}, unavailable("asking "+at.Host+" of credentials_uri for keys", "Check credentials_uri, and that its server returns AccessKeyId, AccessKeySecret, SecurityToken and Expiration.", err)
	}
	return found, nil
}

// String shows only the host, because the rest of the URL may be a secret.
func (u credentialsURI) String() string {
	if at, err := url.Parse(string(u)); err == nil {
		return "credentials_uri at " + at.Host
	}
	return "credentials_uri"
}

// machine is the role of the ECS instance that the provider runs on; "" means the role that
// the instance has.
type machine string

// metadata is the address of the metadata service of ECS instances.
// https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
const metadata = "http://100.100.100.200"

const metadataTokenHeader = "X-aliyun-ecs-metadata-token" //nolint:gosec // This is the name of a header.

func (m machine) retrieve(ctx context.Context, c *Clients) (keys, error) {
	if strings.EqualFold(os.Getenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED"), "true") {
		return keys{}, &delivery.CredentialsError{Cause: delivery.NoCredentials, Err: errors.New("asking the ECS instance for the keys of its role: IMDS credentials is disabled, by ALIBABA_CLOUD_ECS_METADATA_DISABLED")}
	}
	found, err := m.ask(ctx, c)
	if err != nil {
		return keys{}, unavailable("asking the ECS instance for the keys of its role", "Check that this runs on an ECS instance with that role, or give the provider other credentials in its alicloud block, the ALICLOUD_* environment variables, or a profile of the aliyun command line.", err)
	}
	return found, nil
}

func (m machine) ask(ctx context.Context, c *Clients) (keys, error) {
	base := metadata
	if c.config.Metadata != "" {
		base = c.config.Metadata
	}
	header := http.Header{}
	token, err := c.ask(ctx, http.MethodPut, base+"/latest/api/token", http.Header{metadataTokenHeader + "-Ttl-Seconds": {"21600"}})
	switch {
	case err == nil:
		header.Set(metadataTokenHeader, strings.TrimSpace(string(token)))
	case strings.EqualFold(os.Getenv("ALIBABA_CLOUD_IMDSV1_DISABLED"), "true"), !errors.As(err, new(*statusError)):
		return keys{}, err
	}
	const path = "/latest/meta-data/ram/security-credentials/"
	role := string(m)
	if role == "" {
		text, err := c.ask(ctx, http.MethodGet, base+path, header)
		if err != nil {
			return keys{}, err
		}
		role = strings.TrimSpace(string(text))
	}
	text, err := c.ask(ctx, http.MethodGet, base+path+url.PathEscape(role), header)
	if err != nil {
		return keys{}, err
	}
	var said given
	if json.Unmarshal(text, &said) != nil {
		return keys{}, errors.New("it gave an incomplete answer")
	}
	return said.keys()
}

func (m machine) String() string {
	return strings.TrimSpace("the ECS instance and its role " + string(m))
}

// statusError means that a source of keys answered with another status than 200.
type statusError struct{ status int }

func (e *statusError) Error() string { return fmt.Sprintf("it answered HTTP %d", e.status) }

// unavailable returns the *delivery.CredentialsError for a source that returned no keys.
func unavailable(doing, next string, err error) error {
	failed := &delivery.CredentialsError{Cause: delivery.NoCredentials, Next: next, Err: fmt.Errorf("%s: %w", doing, err)}
	refused := (*statusError)(nil)
	switch {
	case errors.As(err, &refused):
		if delivery.IsTransientStatus(refused.status) {
			failed.Cause = delivery.CredentialsFailing
		}
	case delivery.IsTransient(err), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		failed.Cause = delivery.CredentialsUnreachable
	default:
		if cause := delivery.ConnectionCause(err); cause != delivery.Permanent {
			failed.Cause = cause
		}
	}
	return failed
}

const (
	// metadataDial is the timeout for the connection to a metadata service, and
	// metadataTimeout that for a request. The service is on the same machine.
	metadataDial    = 2 * time.Second
	metadataTimeout = 10 * time.Second
)

// newDirect returns the client for sources that return keys in plain text. It
// never uses a proxy.
func newDirect(secrets *delivery.Redactor) delivery.Doer {
	return delivery.Client{
		Doer:    delivery.NewHTTPClient(&http.Transport{DialContext: (&net.Dialer{Timeout: metadataDial}).DialContext}),
		Secrets: secrets,
	}
}

// ask makes one request to a source of keys. Its whole answer counts as secret.
func (c *Clients) ask(ctx context.Context, method, at string, header http.Header) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, metadataTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, at, http.NoBody)
	if err != nil {
		return nil, errors.New("its URL cannot be asked")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := c.direct.Do(req)
	if err != nil {
		return nil, delivery.WithoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, &statusError{resp.StatusCode}
	}
	return text, nil
}
