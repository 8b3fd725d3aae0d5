package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Only names that nobody outside can have resolve to this machine are answered.
func TestOpsHosts(t *testing.T) {
	hosts := newOpsHosts([]string{"Ops.Example.com"}, "gateway.example.net:9090")
	handler := hosts.guard(func(http.ResponseWriter, *http.Request) {})
	for host, wanted := range map[string]int{
		"127.0.0.1:9090": 200, "10.1.2.3": 200, "[::1]:9090": 200, "[fd00::1]": 200, "": 200,
		"localhost:9090": 200, "LOCALHOST": 200, "gateway": 200, "gateway:9090": 200, "my_gateway_1:9090": 200,
		"gateway.shop.svc:9090": 200, "gateway.shop.svc.cluster.local:9090": 200, "host.docker.internal:9090": 200,
		"ops.example.com": 200, "ops.example.com.:9090": 200, "gateway.example.net": 200,
		"evil.example": 403, "evil.example:9090": 403, "evil.example.:9090": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example": 403,
		"svc.evil.example": 403, "x.ops.example.com": 403, "1.2.3.4.5": 403,
	} {
		request := httptest.NewRequest("GET", "/metrics", nil)
		request.Host = host
		answer := httptest.NewRecorder()
		handler(answer, request)
		if answer.Code != wanted {
			t.Errorf("%q is answered %d", host, answer.Code)
		}
	}
}
