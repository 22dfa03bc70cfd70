// Command kind-config tells how kind reads a config. It runs kind's own code, without an engine and without the network.
//
// It answers each line of standard input with one line on standard output:
//
//	{"config": "<YAML>", "kubernetes": "v1.34.4"}
//	{"accepted": true, "cluster": {…}, "kubeadm": [{"documents": […]}, …]}
//	{"accepted": false, "error": "…"}
//
// "cluster" has every setting, with kind's defaults and the names of v1alpha4. "kubeadm" is there when the request has
// "kubernetes". It has one entry for each node, in order: the documents of its kubeadm config after all patches, or an
// "error". The nodes' addresses are made up.
//
// build compiles this file inside a copy of kind's source, since the packages that it needs are internal there. The
// copy also exports getKubeadmConfig.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"reflect"
	"regexp"
	"strings"

	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster/constants"
	configaction "sigs.k8s.io/kind/pkg/cluster/internal/create/actions/config"
	"sigs.k8s.io/kind/pkg/cluster/internal/kubeadm"
	"sigs.k8s.io/kind/pkg/cluster/internal/providers/common"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/exec"
	"sigs.k8s.io/kind/pkg/internal/apis/config"
	"sigs.k8s.io/kind/pkg/internal/apis/config/encoding"
	"sigs.k8s.io/yaml"
)

// kind writes the provider's name into the kubeadm config.
const provider = "docker"

type request struct {
	Config     string `json:"config"`
	Kubernetes string `json:"kubernetes"`
}

type kubeadmConfig struct {
	Documents []json.RawMessage `json:"documents,omitempty"`
	Error     string            `json:"error,omitempty"`
}

type answer struct {
	Accepted bool            `json:"accepted"`
	Error    string          `json:"error,omitempty"`
	Cluster  interface{}     `json:"cluster,omitempty"`
	Kubeadm  []kubeadmConfig `json:"kubeadm,omitempty"`
}

func main() {
	// a Scanner refuses lines that are longer than its buffer
	input := bufio.NewReader(os.Stdin)
	var err error
	for err == nil {
		var line []byte
		if line, err = input.ReadBytes('\n'); len(line) > 0 {
			// unbuffered, since the caller may wait for this answer before it sends the next request
			_, err = os.Stdout.Write(append(reply(line), '\n'))
		}
	}
	if err != io.EOF {
		log.Fatalf("kind-config: %v", err)
	}
}

// reply survives a panic in kind's code, so that the next requests get their answers too.
func reply(line []byte) (encoded []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			encoded, _ = json.Marshal(answer{Error: fmt.Sprintf("panic: %v", cause)})
		}
	}()
	encoded, err := json.Marshal(read(line))
	if err != nil {
		panic(err)
	}
	return encoded
}

// read does what `kind create cluster` does first. That sets defaults once more before it validates: only this step
// names a cluster that has no name.
func read(line []byte) answer {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Error: fmt.Sprintf("kind-config: not a request: %v", err)}
	}
	cluster, err := encoding.Parse([]byte(r.Config))
	if err != nil {
		return answer{Error: err.Error()}
	}
	config.SetDefaultsCluster(cluster)
	if err := cluster.Validate(); err != nil {
		return answer{Error: err.Error()}
	}
	a := answer{Accepted: true, Cluster: public(reflect.ValueOf(*cluster), reflect.TypeOf(v1alpha4.Cluster{}))}
	if r.Kubernetes != "" {
		a.Kubeadm = kubeadmConfigs(cluster, r.Kubernetes)
	}
	return a
}

// public names the fields of kind's internal types. These have no JSON names of their own, so it takes those of the
// v1alpha4 types, whose Go fields are the same.
func public(value reflect.Value, as reflect.Type) interface{} {
	switch value.Kind() {
	case reflect.Struct:
		fields := map[string]interface{}{}
		for i := 0; i < value.NumField(); i++ {
			name := value.Type().Field(i).Name
			field, ok := as.FieldByName(name)
			if !ok {
				panic(fmt.Sprintf("v1alpha4 has no field %s", name))
			}
			fields[strings.Split(field.Tag.Get("json"), ",")[0]] = public(value.Field(i), field.Type)
		}
		return fields
	case reflect.Slice:
		list := make([]interface{}, value.Len())
		for i := range list {
			list[i] = public(value.Index(i), as.Elem())
		}
		return list
	case reflect.Map:
		if value.IsNil() {
			return map[string]interface{}{}
		}
	case reflect.Ptr:
		if value.IsNil() {
			return nil
		}
		return public(value.Elem(), as.Elem())
	}
	return value.Interface()
}

func kubeadmConfigs(cluster *config.Cluster, kubernetes string) []kubeadmConfig {
	endpoint := constants.ControlPlaneNodeRoleValue
	if config.ClusterHasImplicitLoadBalancer(cluster) {
		endpoint = constants.ExternalLoadBalancerNodeRoleValue
	}
	// kind fills this in Execute, which needs a running engine
	data := kubeadm.ConfigData{
		NodeProvider:         provider,
		ClusterName:          cluster.Name,
		ControlPlaneEndpoint: net.JoinHostPort(common.MakeNodeNamer(cluster.Name)(endpoint), fmt.Sprint(common.APIServerInternalPort)),
		APIBindPort:          common.APIServerInternalPort,
		APIServerAddress:     cluster.Networking.APIServerAddress,
		Token:                kubeadm.Token,
		PodSubnet:            cluster.Networking.PodSubnet,
		KubeProxyMode:        string(cluster.Networking.KubeProxyMode),
		ServiceSubnet:        cluster.Networking.ServiceSubnet,
		IPFamily:             cluster.Networking.IPFamily,
		FeatureGates:         cluster.FeatureGates,
		RuntimeConfig:        cluster.RuntimeConfig,
	}
	nameNode := common.MakeNodeNamer(cluster.Name)
	configs := make([]kubeadmConfig, len(cluster.Nodes))
	for i, n := range cluster.Nodes {
		data.NodeName = nameNode(string(n.Role))
		text, err := configaction.GetKubeadmConfig(cluster, data, node{name: data.NodeName, kubernetes: kubernetes}, provider)
		if err == nil {
			configs[i].Documents, err = documents(text)
		}
		if err != nil {
			configs[i] = kubeadmConfig{Error: err.Error()}
		}
	}
	return configs
}

var separator = regexp.MustCompile(`(?m)^---\n`)

func documents(text string) (list []json.RawMessage, err error) {
	for _, document := range separator.Split(text, -1) {
		converted, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			return nil, err
		}
		list = append(list, converted)
	}
	return list, nil
}

// node stands in for a container. kind asks it for its addresses, and runs one command in it, which prints the
// Kubernetes version of its image.
type node struct {
	nodes.Node
	name, kubernetes string
}

func (n node) String() string                     { return n.name }
func (n node) IP() (string, string, error)        { return "172.18.0.2", "fc00:f853:ccd:e793::2", nil }
func (n node) Command(string, ...string) exec.Cmd { return &printVersion{kubernetes: n.kubernetes} }

type printVersion struct {
	exec.Cmd
	kubernetes string
	output     io.Writer
}

func (p *printVersion) SetStdout(w io.Writer) exec.Cmd { p.output = w; return p }
func (p *printVersion) Run() error {
	_, err := io.WriteString(p.output, p.kubernetes)
	return err
}
