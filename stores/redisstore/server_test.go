package redisstore

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/testserver"
	"github.com/go-prompty/prompty/storetest"
)

// start starts a server with settings of its own. It ends with the test, and with
// this process, whose end its shell sees.
func start(t *testing.T, port int, settings ...string) string {
	t.Helper()
	testserver.Redis(t) // or there is no server
	cmd := exec.Command("/bin/sh", append([]string{"-c", `"$@" </dev/null & read -r _; kill -9 $!`, "sh", "redis-server",
		"--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()}, settings...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := new(strings.Builder)
	cmd.Stdout = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
		if t.Failed() {
			t.Logf("a server's log:\n%s", log)
		}
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	eventually(t, "the server answers at "+address, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return address
}

// freePort finds a port whose neighbour 10,000 above is free too, as a cluster's
// node wants it.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		a, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := a.Addr().(*net.TCPAddr).Port % 20000
		a.Close()
		if port < 2000 {
			continue
		}
		b, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			continue
		}
		b.Close()
		return port
	}
	t.Fatal("no port is free")
	return 0
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not even after a minute: %s", what)
		}
	}
}

// TestCluster has a cluster of two nodes and a replica. The store moves to another
// node, and from a primary to its replica, while it is worked on.
func TestCluster(t *testing.T) {
	t.Parallel()
	var addresses, ids []string
	var nodes []*redis.Client
	for range 3 {
		port := freePort(t)
		address := start(t, port, "--port", strconv.Itoa(port), "--cluster-enabled", "yes", "--appendonly", "yes")
		addresses = append(addresses, address)
		nodes = append(nodes, admin(t, "redis://"+address))
		ids = append(ids, must(t, nodes[len(nodes)-1], "CLUSTER", "MYID").(string))
	}
	must(t, nodes[0], "CLUSTER", "ADDSLOTSRANGE", 0, 8191)
	must(t, nodes[1], "CLUSTER", "ADDSLOTSRANGE", 8192, 16383)
	_, port, _ := strings.Cut(addresses[0], ":")
	for _, node := range nodes[1:] {
		must(t, node, "CLUSTER", "MEET", "127.0.0.1", port)
	}
	eventually(t, "the replica knows its primary", func() bool {
		return nodes[2].Do(t.Context(), "CLUSTER", "REPLICATE", ids[1]).Err() == nil
	})
	for _, node := range nodes {
		eventually(t, "all know that the cluster is whole", func() bool {
			info := must(t, node, "CLUSTER", "INFO").(string)
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	eventually(t, "the replica follows", func() bool {
		return strings.Contains(must(t, nodes[2], "INFO", "replication").(string), "master_link_status:up")
	})

	// prefixOn is a prefix whose slot is on that node, of the first two.
	count := 0
	prefixOn := func(node int) (prefix string, slot int64) {
		for {
			count++
			prefix = fmt.Sprint("p", count)
			slot = must(t, nodes[0], "CLUSTER", "KEYSLOT", "{"+prefix+"}:").(int64)
			if (slot < 8192) == (node == 0) {
				return prefix, slot
			}
		}
	}
	open := func(t testing.TB) storetest.Place {
		prefix, _ := prefixOn(1)
		return func() (prompty.TemplateStorage, error) {
			return Open("redis-cluster://" + addresses[0] + "?key_prefix=" + prefix + "&addr=" + addresses[1])
		}
	}
	var mu sync.Mutex // guards count
	storetest.Run(t, func(t testing.TB) storetest.Place { mu.Lock(); defer mu.Unlock(); return open(t) })

	prefix, slot := prefixOn(1)
	_, err := Open("redis://" + addresses[0] + "?key_prefix=" + prefix)
	says(t, err, "redis-cluster://")
	s := mustOpen(t, "redis-cluster://"+addresses[0]+"?key_prefix="+prefix)
	if status := watched(t, s); status.Mode != "push" {
		t.Errorf("it watches by %q: %v", status.Mode, status)
	}
	if d, err := describe(t, s); err != nil || !strings.Contains(d.State, "0 templates") {
		t.Errorf("Describe = %v, %v", d, err)
	}

	// work saves while the store is moved, and finds all that was acknowledged.
	work := func(move func()) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		var mu sync.Mutex
		acknowledged := make(map[string]string)
		for i := range 4 {
			done.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					tmpl := &prompty.StoredTemplate{Name: fmt.Sprint("name/", i, "/", n%3), Source: fmt.Sprint(n), Tags: []string{fmt.Sprint(n % 2)}}
					short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					if err := s.Save(short, tmpl); err == nil {
						mu.Lock()
						acknowledged[string(tmpl.ID)] = tmpl.Source
						mu.Unlock()
					}
					cancel()
				}
			})
		}
		saved := func() int { mu.Lock(); defer mu.Unlock(); return len(acknowledged) }
		eventually(t, "it saves", func() bool { return saved() > 20 })
		move()
		before := saved()
		eventually(t, "it saves again", func() bool { return saved() > before+20 })
		stop()
		done.Wait()
		for id, source := range acknowledged {
			tmpl, err := s.GetByID(t.Context(), prompty.TemplateID(id))
			if err != nil || tmpl.Source != source {
				t.Fatalf("%s = %v, %v; want %s, as was acknowledged", id, tmpl, err, source)
			}
		}
		if list, err := s.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true}); err != nil || len(list) < len(acknowledged) {
			t.Fatalf("List gives %d versions, %v; %d were acknowledged", len(list), err, len(acknowledged))
		}
	}
	work(func() {
		must(t, nodes[0], "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[1])
		must(t, nodes[1], "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[0])
		for {
			keys := must(t, nodes[1], "CLUSTER", "GETKEYSINSLOT", slot, 1).([]any)
			if len(keys) == 0 {
				break
			}
			must(t, nodes[1], slices.Concat([]any{"MIGRATE", "127.0.0.1", port, "", 0, 5000, "KEYS"}, keys)...)
		}
		for _, node := range nodes[:2] {
			must(t, node, "CLUSTER", "SETSLOT", slot, "NODE", ids[0])
		}
	})

	prefix, _ = prefixOn(1)
	s = mustOpen(t, "redis-cluster://"+addresses[0]+"?key_prefix="+prefix)
	work(func() {
		must(t, nodes[2], "CLUSTER", "FAILOVER")
		eventually(t, "the replica takes over", func() bool {
			return strings.Contains(must(t, nodes[2], "INFO", "replication").(string), "role:master")
		})
	})
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certify(t, cert, key)
	port := freePort(t)
	address := start(t, port, "--port", "0", "--tls-port", strconv.Itoa(port), "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", cert, "--tls-auth-clients", "no", "--appendonly", "yes", "--requirepass", "s3cret")
	t.Setenv("SSL_CERT_FILE", cert)
	_, err := Open("rediss://:s3cret@" + address) // whose certificate is for localhost
	says(t, err, "certificate")
	_, err = Open("redis://:s3cret@" + address + "?read_timeout=1s")
	says(t, err, "open redis: ")
	_, tlsPort, _ := net.SplitHostPort(address)
	for _, where := range []string{"rediss://:s3cret@localhost:" + tlsPort, "rediss://:s3cret@" + address + "?skip_verify=true"} {
		s := mustOpen(t, where)
		mustSave(t, s, "a", "text")
		if status := watched(t, s); status.Mode != "push" {
			t.Errorf("it watches by %q: %v", status.Mode, status)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Get(ctx, "a"); err == nil {
			t.Error("Get succeeds although it was cancelled")
		}
	}

	// A call that nobody waits for any more ends, though TLS would say goodbye.
	proxy := testserver.NewProxy(t, "tcp", address)
	u, _ := url.Parse("rediss://:s3cret@" + proxy.Addr() + "?skip_verify=true")
	s := mustOpen(t, u.String())
	mustSave(t, s, "b", "text")
	proxy.Stall(true)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.Get(ctx, "b")
		ended <- err
	}()
	cancel()
	select {
	case err := <-ended:
		says(t, err, "context canceled")
	case <-time.After(time.Minute):
		t.Error("Get goes on after its context has ended")
	}
}

// certify makes a certificate for localhost that signs itself.
func certify(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
