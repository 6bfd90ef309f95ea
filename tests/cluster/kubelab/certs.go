package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
	pem  []byte
}

// identity is what a certificate says of its holder.
type identity struct {
	name   string
	groups []string
	hosts  []string      // it serves under these names and addresses too
	life   time.Duration // 0: a year
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// write keeps what is secret from everybody else.
func write(path string, data []byte) { must(os.WriteFile(path, data, 0o600)) }

func newKey() (*ecdsa.PrivateKey, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	return key, encode("PRIVATE KEY", der)
}

// certificate starts an hour ago: clocks differ.
func certificate(id identity) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	must(err)
	if id.life == 0 {
		id.life = 365 * 24 * time.Hour
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: id.name, Organization: id.groups},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(id.life),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	for _, host := range id.hosts {
		if ip := net.ParseIP(host); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, host)
		}
	}
	if len(id.hosts) > 0 {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	return t
}

// loadAuthority reads STEM.crt and STEM.key.
func loadAuthority(stem string) (*authority, error) {
	crt, err := os.ReadFile(stem + ".crt")
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(stem + ".key")
	if err != nil {
		return nil, err
	}
	certBlock, _ := pem.Decode(crt)
	keyBlock, _ := pem.Decode(key)
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New(stem + ": no PEM in it")
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	return &authority{cert, parsed.(crypto.Signer), crt}, nil
}

// openAuthority takes the one that is there, or makes one.
func openAuthority(stem, name string) *authority {
	a, err := loadAuthority(stem)
	if err == nil {
		return a
	}
	if !errors.Is(err, fs.ErrNotExist) {
		must(err)
	}
	key, keyPEM := newKey()
	t := certificate(identity{name: name})
	t.IsCA, t.ExtKeyUsage = true, nil
	t.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	must(err)
	write(stem+".crt", encode("CERTIFICATE", der))
	write(stem+".key", keyPEM)
	a, err = loadAuthority(stem)
	must(err)
	return a
}

func (a *authority) sign(id identity) (crt, keyPEM []byte) {
	key, keyPEM := newKey()
	der, err := x509.CreateCertificate(rand.Reader, certificate(id), a.cert, key.Public(), a.key)
	must(err)
	return encode("CERTIFICATE", der), keyPEM
}

// pair writes STEM.crt and STEM.key.
func (a *authority) pair(stem string, id identity) {
	crt, key := a.sign(id)
	write(stem+".crt", crt)
	write(stem+".key", key)
}

// kubeconfig writes one with a certificate for the identity; the context is named kubelab.
func (a *authority) kubeconfig(path, server string, id identity) {
	crt, key := a.sign(id)
	c := api.NewConfig()
	c.Clusters["kubelab"] = &api.Cluster{Server: server, CertificateAuthorityData: a.pem}
	c.AuthInfos[id.name] = &api.AuthInfo{ClientCertificateData: crt, ClientKeyData: key}
	c.Contexts["kubelab"] = &api.Context{Cluster: "kubelab", AuthInfo: id.name, Namespace: "default"}
	c.CurrentContext = "kubelab"
	must(clientcmd.WriteToFile(*c, path))
}

// tokenKey makes the key pair with which service account tokens are signed and checked.
func tokenKey(stem string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	must(err)
	write(stem+".key", encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)))
	write(stem+".pub", encode("PUBLIC KEY", public))
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// certsMain makes DIR/pki and the kubeconfigs of a control plane's parts; or only what one node, or
// one user, needs besides.
func certsMain() {
	flags := flag.NewFlagSet("certs", flag.ExitOnError)
	server := flags.String("server", "https://127.0.0.1:6443", "URL of the API server, for the kubeconfigs")
	hosts := flags.String("hosts", "127.0.0.1", "further names and addresses of the API server, or of the node")
	node := flags.String("node", "", "make node-NAME.conf and the serving certificate of this node")
	user := flags.String("user", "", "make user-NAME.conf for this user")
	groups := flags.String("groups", "", "groups of the user")
	life := flags.Duration("for", 0, "how long the user's certificate is valid; 0: a year")
	must(flags.Parse(os.Args[1:]))
	if flags.NArg() != 1 {
		must(errors.New("certs wants the one directory of a control plane"))
	}
	dir := flags.Arg(0)
	in := func(name string) string { return filepath.Join(dir, name) }
	must(os.MkdirAll(in("pki"), 0o700))
	ca := openAuthority(in("pki/ca"), "kubelab-ca")

	if *user != "" {
		ca.kubeconfig(in("user-"+*user+".conf"), *server,
			identity{name: *user, groups: split(*groups), life: *life})
		return
	}
	if *node != "" {
		id := identity{name: "system:node:" + *node, groups: []string{"system:nodes"}}
		ca.kubeconfig(in("node-"+*node+".conf"), *server, id)
		id.hosts = append(split(*hosts), *node)
		ca.pair(in("pki/node-"+*node), id)
		return
	}

	masters := []string{"system:masters"}
	service := "kubernetes.default.svc.cluster.local"
	front := openAuthority(in("pki/front-proxy-ca"), "kubelab-front-proxy-ca")
	front.pair(in("pki/front-proxy-client"), identity{name: "front-proxy-client"})
	ca.pair(in("pki/apiserver"), identity{name: "kube-apiserver", hosts: append(split(*hosts),
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", service)})
	ca.pair(in("pki/apiserver-kubelet-client"), identity{name: "apiserver-kubelet-client", groups: masters})
	ca.kubeconfig(in("kubeconfig"), *server, identity{name: "kubelab-admin", groups: masters})
	for _, part := range []string{"kube-controller-manager", "kube-scheduler"} {
		ca.kubeconfig(in(part+".conf"), *server, identity{name: "system:" + part})
	}
	tokenKey(in("pki/sa"))
}
