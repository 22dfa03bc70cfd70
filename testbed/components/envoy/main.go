// Command envoy is the testbed's stand-in for the load balancer that kind puts before several control planes.
//
// It keeps the contract that kind relies on: `envoy -c FILE` names the files of clusters and listeners, both are read
// again when a file is moved into their folder, and what cannot be read leaves in place what was read before. A TCP
// connection goes to one of the endpoints that pass the HTTP health check, each in its turn. Unlike in Envoy,
// unhealthy endpoints get connections only when none is healthy (there, when fewer than half are), a name stands for
// one address, and there is no admin port.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
)

type source struct {
	PathConfigSource struct{ Path string } `yaml:"path_config_source"`
}

type bootstrap struct {
	DynamicResources struct {
		Clusters  source `yaml:"cds_config"`
		Listeners source `yaml:"lds_config"`
	} `yaml:"dynamic_resources"`
}

type address struct {
	SocketAddress struct {
		Address   string
		PortValue int `yaml:"port_value"`
	} `yaml:"socket_address"`
}

type listener struct {
	Address      address
	FilterChains []struct {
		Filters []struct {
			TypedConfig struct{ Cluster string } `yaml:"typed_config"`
		}
	} `yaml:"filter_chains"`
}

type healthCheck struct {
	Timeout            time.Duration
	Interval           time.Duration
	UnhealthyThreshold int                   `yaml:"unhealthy_threshold"`
	HealthyThreshold   int                   `yaml:"healthy_threshold"`
	HTTP               struct{ Path string } `yaml:"http_health_check"`
	TLS                map[string]string     `yaml:"transport_socket_match_criteria"`
}

type cluster struct {
	Name            string
	ConnectTimeout  time.Duration `yaml:"connect_timeout"`
	DNSLookupFamily string        `yaml:"dns_lookup_family"`
	HealthChecks    []healthCheck `yaml:"health_checks"`
	LoadAssignment  struct {
		Endpoints []struct {
			LbEndpoints []struct {
				Endpoint struct{ Address address }
			} `yaml:"lb_endpoints"`
		}
	} `yaml:"load_assignment"`
}

type resources[T any] struct{ Resources []T }

func read[T any](path string) (content T, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &content)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return content, err
}

// nameInterval is Envoy's default for dns_refresh_rate.
const nameInterval = 5 * time.Second

// endpoint is one server by its name.
type endpoint struct {
	host, port, address string
	healthy             bool
}

type balancer struct {
	cluster   cluster
	stop      context.CancelFunc
	mutex     sync.Mutex
	endpoints []*endpoint
	turn      int
}

func newBalancer(c cluster) *balancer {
	ctx, stop := context.WithCancel(context.Background())
	b := &balancer{cluster: c, stop: stop}
	for _, locality := range c.LoadAssignment.Endpoints {
		for _, one := range locality.LbEndpoints {
			socket := one.Endpoint.Address.SocketAddress
			b.endpoints = append(b.endpoints, &endpoint{host: socket.Address, port: strconv.Itoa(socket.PortValue)})
		}
	}
	for _, e := range b.endpoints {
		go every(ctx, nameInterval, func() { b.resolve(ctx, e) })
		go every(ctx, c.HealthChecks[0].Interval, b.checker(e))
	}
	return b
}

func every(ctx context.Context, interval time.Duration, act func()) {
	for ctx.Err() == nil {
		act()
		select {
		case <-ctx.Done():
		case <-time.After(interval):
		}
	}
}

// resolve looks an endpoint's name up. As in Envoy, a name that is not answered keeps its address: the health check
// tells whether it is still good.
func (b *balancer) resolve(ctx context.Context, e *endpoint) {
	if found, err := b.lookup(ctx, e); err == nil {
		b.mutex.Lock()
		e.address = found
		b.mutex.Unlock()
	}
}

// checker counts one endpoint's passed and failed health checks. An answer that is no 200 makes it unhealthy at once,
// silence only when it lasts.
func (b *balancer) checker(e *endpoint) func() {
	check := b.cluster.HealthChecks[0]
	client := &http.Client{Timeout: check.Timeout, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // kind's configuration accepts untrusted certificates
	}}
	passed, failed := 0, 0
	return func() {
		b.mutex.Lock()
		address := e.address
		b.mutex.Unlock()
		status, err := get(client, check, address)
		healthy := e.healthy
		if err == nil && status == http.StatusOK {
			passed, failed = passed+1, 0
			healthy = healthy || passed >= check.HealthyThreshold
		} else {
			passed, failed = 0, failed+1
			healthy = healthy && status == 0 && failed < check.UnhealthyThreshold
		}
		if healthy == e.healthy {
			return
		}
		log.Printf("envoy: %s (%s) healthy: %t (status %d, error %v)", e.host, address, healthy, status, err)
		b.mutex.Lock()
		e.healthy = healthy
		b.mutex.Unlock()
	}
}

func (b *balancer) lookup(ctx context.Context, e *endpoint) (string, error) {
	families := []string{"ip6", "ip4"} // AUTO
	if b.cluster.DNSLookupFamily == "V4_PREFERRED" {
		families = []string{"ip4", "ip6"}
	}
	var problems []error
	for _, family := range families {
		found, err := net.DefaultResolver.LookupIP(ctx, family, e.host)
		if err == nil {
			return net.JoinHostPort(found[0].String(), e.port), nil
		}
		problems = append(problems, err)
	}
	return "", errors.Join(problems...)
}

func get(client *http.Client, check healthCheck, address string) (status int, err error) {
	if address == "" {
		return 0, errors.New("no address")
	}
	scheme := "http"
	if len(check.TLS) > 0 {
		scheme = "https"
	}
	response, err := client.Get(scheme + "://" + address + check.HTTP.Path)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// next returns the address whose turn it is, or none while no name has been answered.
func (b *balancer) next() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var healthy, known []string
	for _, e := range b.endpoints {
		if e.address == "" {
			continue
		}
		known = append(known, e.address)
		if e.healthy {
			healthy = append(healthy, e.address)
		}
	}
	if len(healthy) == 0 {
		healthy = known
	}
	if len(healthy) == 0 {
		return ""
	}
	b.turn++
	return healthy[b.turn%len(healthy)]
}

// route is what a listener asks for: connections to an address go to a cluster.
type route struct{ address, cluster string }

type proxy struct {
	mutex     sync.Mutex
	balancers map[string]*balancer
	listening map[route]net.Listener
}

// load makes the proxy what both files say. Whatever they leave unchanged goes on undisturbed.
func (p *proxy) load(clustersPath, listenersPath string) error {
	clusters, err := read[resources[cluster]](clustersPath)
	if err != nil {
		return err
	}
	listeners, err := read[resources[listener]](listenersPath)
	if err != nil {
		return err
	}
	for _, c := range clusters.Resources {
		if len(c.HealthChecks) != 1 {
			return fmt.Errorf("%s: cluster %s needs one health check", clustersPath, c.Name)
		}
	}
	p.balance(clusters.Resources)
	return p.listen(listeners.Resources)
}

func (p *proxy) balance(clusters []cluster) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	wanted := map[string]*balancer{}
	for _, c := range clusters {
		if current := p.balancers[c.Name]; current != nil && reflect.DeepEqual(current.cluster, c) {
			wanted[c.Name] = current
		} else {
			wanted[c.Name] = newBalancer(c)
		}
	}
	for name, current := range p.balancers {
		if wanted[name] != current {
			current.stop()
		}
	}
	p.balancers = wanted
}

func (p *proxy) listen(listeners []listener) error {
	wanted := map[route]bool{}
	for _, l := range listeners {
		for _, chain := range l.FilterChains {
			for _, filter := range chain.Filters {
				socket := l.Address.SocketAddress
				wanted[route{net.JoinHostPort(socket.Address, strconv.Itoa(socket.PortValue)), filter.TypedConfig.Cluster}] = true
			}
		}
	}
	for r, open := range p.listening {
		if !wanted[r] {
			open.Close()
			delete(p.listening, r)
		}
	}
	for r := range wanted {
		if p.listening[r] != nil {
			continue
		}
		network := "tcp4"
		if strings.HasPrefix(r.address, "[") {
			network = "tcp6"
		}
		open, err := net.Listen(network, r.address)
		if err != nil {
			return err
		}
		log.Printf("envoy: %s goes to %s", r.address, r.cluster)
		p.listening[r] = open
		go p.serve(open, r.cluster)
	}
	return nil
}

func (p *proxy) serve(open net.Listener, name string) {
	for {
		client, err := open.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			log.Printf("envoy: %v", err)
			time.Sleep(time.Second)
			continue
		}
		go p.connect(client.(*net.TCPConn), name)
	}
}

func (p *proxy) connect(client *net.TCPConn, name string) {
	defer client.Close()
	p.mutex.Lock()
	b := p.balancers[name]
	p.mutex.Unlock()
	if b == nil {
		return
	}
	server, err := net.DialTimeout("tcp", b.next(), b.cluster.ConnectTimeout)
	if err != nil {
		return
	}
	defer server.Close()
	done := make(chan struct{})
	go func() {
		pass(client, server.(*net.TCPConn))
		close(done)
	}()
	pass(server.(*net.TCPConn), client)
	<-done
}

// pass copies one direction until its end, and an error ends both.
func pass(from, to *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		from.Close()
		to.Close()
		return
	}
	to.CloseWrite()
}

func main() {
	path := flag.String("c", "", "bootstrap configuration")
	flag.Parse()
	start, err := read[bootstrap](*path)
	if err != nil {
		log.Fatalf("envoy: %v", err)
	}
	clusters := start.DynamicResources.Clusters.PathConfigSource.Path
	listeners := start.DynamicResources.Listeners.PathConfigSource.Path
	descriptor, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		log.Fatalf("envoy: inotify: %v", err)
	}
	for _, path := range []string{clusters, listeners} {
		if _, err := syscall.InotifyAddWatch(descriptor, filepath.Dir(path), syscall.IN_MOVED_TO); err != nil {
			log.Fatalf("envoy: watching %s: %v", path, err)
		}
	}
	moves := os.NewFile(uintptr(descriptor), "inotify")
	events := make([]byte, 4096)
	p := &proxy{listening: map[route]net.Listener{}}
	for {
		if err := p.load(clusters, listeners); err != nil {
			log.Printf("envoy: %v", err)
		}
		if _, err := moves.Read(events); err != nil {
			log.Fatalf("envoy: inotify: %v", err)
		}
	}
}
