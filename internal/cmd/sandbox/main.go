// Command sandbox serves the sandbox on one loopback port, with a target for the signals of
// each example. It prints how to use it, the targets, and then one line for each request.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/checkout"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/temporalserver"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/terraformcli"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/delivery"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/sandbox"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:4599", "loopback address to listen on")
	cli := flag.String("cli-config", "", "Terraform's CLI configuration file with the provider, for the printed commands")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, *addr, *cli); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, addr, cli string) error {
	root, err := checkout.Root(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if cli != "" {
		// The printed commands run in another folder.
		if cli, err = filepath.Abs(cli); err != nil {
			return err
		}
	}
	server, err := temporalserver.StartBuilt(ctx, root)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }()
	s := sandbox.New(sandbox.Options{Log: out, Domains: systems.Domains, Temporal: server.URL})
	if err := s.Start(addr); err != nil {
		return fmt.Errorf("%w: if another sandbox runs there, end it, or choose another port with -addr, such as make sandbox ARGS='-addr 127.0.0.1:4600'", err)
	}
	served, temporal := scenarios, server != nil
	if !temporal {
		served = slices.DeleteFunc(slices.Clone(scenarios), func(one scenario) bool { return strings.Contains(one.Example, "temporal") })
		fmt.Fprintf(out, "Temporal is left out. %s\n\n", temporalserver.HowToBuild)
	}
	begin(s, served...)
	secure, certificate, err := s.ServeHTTP2("127.0.0.1:0")
	if err != nil {
		return errors.Join(err, s.Close())
	}
	authority, err := os.CreateTemp("", "sandbox-*.pem")
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer func() { _ = os.Remove(authority.Name()) }()
	if _, err := authority.Write(certificate); err != nil {
		return errors.Join(err, s.Close())
	}
	_ = authority.Close()
	fmt.Fprintf(out, "The sandbox stands in for all services at %s, until Ctrl-C.\n\n", s.URL())
	fmt.Fprintf(out, "It speaks TLS and HTTP/2 at %s, with the certificate in %s.\n\n", secure, authority.Name())
	complete, others, folders, err := commands(context.WithoutCancel(ctx), engine(context.WithoutCancel(ctx)), root, served, s.URL())
	if err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Fprintf(out, "In another terminal, copy the examples out of the checkout, and tell Terraform where the sandbox is:\n\n")
	fmt.Fprintf(out, "mkdir -p ../signal-examples && cp -R examples ../signal-examples && cd ../signal-examples\n%s\n", environment(s.URL(), cli, temporal))
	fmt.Fprintf(out, "These examples have something here that waits for their signals:\n\n%s\n", complete)
	fmt.Fprintf(out, "These do, too:\n\n%s\n", others)
	fmt.Fprintf(out, "They need a provider block, which these lines put beside each of them:\n\n%s\n", beside(folders, block(s.URL(), temporal)))
	fmt.Fprintf(out, "Scenarios, faults and the request log are at %s/_sandbox/. Every request gets a line here:\n\n", s.URL())
	<-ctx.Done()
	return s.Close()
}

// environment returns the variables for a provider whose provider block is empty.
func environment(url, cli string, temporal bool) string {
	var text strings.Builder
	if cli != "" {
		fmt.Fprintf(&text, "export TF_CLI_CONFIG_FILE=%s\n", delivery.ShellWord(filepath.ToSlash(cli)))
	}
	fmt.Fprintf(&text, "export AWS_ENDPOINT_URL=%s AWS_REGION=us-east-1\n", url)
	fmt.Fprintf(&text, "export AWS_ACCESS_KEY_ID=sandbox-access-key AWS_SECRET_ACCESS_KEY=sandbox-secret-key\n")
	fmt.Fprintf(&text, "export CLOUD_AUTOMATOR_API_ENDPOINT=%s/api/v1/ CLOUD_AUTOMATOR_API_KEY=sandbox-api-key\n", url)
	if temporal {
		fmt.Fprintf(&text, "export TEMPORAL_ADDRESS=%s\n", url)
	}
	return text.String()
}

func block(url string, temporal bool) string {
	more := ""
	if temporal {
		more = fmt.Sprintf("  temporal {\n    address = %q\n  }\n", url)
	}
	return fmt.Sprintf(`terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints {
%[2]s    }
  }
  alicloud {
    region     = "cn-hangzhou"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints {
%[3]s    }
  }
  cloud_automator {
    api_key  = "sandbox-api-key"
    endpoint = "%[1]s/api/v1/"
  }
%[4]s}
`, url, endpoints("aws", url), endpoints("alicloud", url), more)
}

// endpoints returns the arguments with which a block's services are at a URL.
func endpoints(block, url string) string {
	var text strings.Builder
	names := systems.Endpoints(block)
	// As terraform fmt would write it.
	widest := len(slices.MaxFunc(names, func(a, b string) int { return len(a) - len(b) }))
	for _, name := range names {
		fmt.Fprintf(&text, "      %-*s = %q\n", widest, name, url)
	}
	return text.String()
}

// beside puts a provider block into folders of examples.
func beside(folders []string, block string) string {
	return "cat > provider.tf <<'EOF'\n" + block + "EOF\nfor folder in " + strings.Join(folders, " \\\n  ") + "; do\n  cp provider.tf \"$folder\"\ndone\n"
}

// engine returns the terraform or tofu that the demo would use, as a word of a command: its
// name if it is on PATH, otherwise its path. If there is none yet, it is terraform.
func engine(ctx context.Context) string {
	found, err := terraformcli.Find(ctx)
	if err != nil {
		return "terraform"
	}
	name := strings.TrimSuffix(filepath.Base(found.Path), ".exe")
	if path, err := exec.LookPath(name); err == nil && path == found.Path {
		return name
	}
	return delivery.ShellWord(filepath.ToSlash(found.Path))
}

// commands returns the commands that apply the complete examples, and those for the
// examples that need a provider block.
func commands(ctx context.Context, engine, root string, served []scenario, url string) (complete, others string, folders []string, err error) {
	for _, one := range served {
		alone, err := checkout.StandsAlone(ctx, filepath.Join(root, "examples", filepath.FromSlash(one.Example)))
		if err != nil {
			return "", "", nil, err
		}
		if alone {
			complete += command(engine, one, url) + "\n"
		} else {
			others += command(engine, one, url) + "\n"
			folders = append(folders, "examples/"+one.Example)
		}
	}
	return complete, others, folders, nil
}

func command(engine string, s scenario, url string) string {
	text := fmt.Sprintf("%s -chdir=examples/%s apply", engine, s.Example)
	for _, one := range at(s, url) {
		text += " -var " + delivery.ShellWord(one.String())
	}
	return text
}

// at returns the scenario's variables for a sandbox at url.
func at(s scenario, url string) []variable {
	var all []variable
	for _, one := range s.Variables {
		if path, ok := strings.CutPrefix(one.Value, systems.URL); ok {
			one.Value = url + path
		}
		all = append(all, one)
	}
	return all
}
