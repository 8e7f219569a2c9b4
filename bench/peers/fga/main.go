// usage: fga URL STORE_ID DOCUMENTS ROUNDS
// Prints {"checks": N, "cpu_us": X, "wall_ms": Y}, without start-up and a first round that warms up; wall_ms is the median round's.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/openfga/go-sdk/client"
)

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	part := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
	return part(usage.Utime) + part(usage.Stime)
}

func main() {
	documents, _ := strconv.Atoi(os.Args[3])
	rounds, _ := strconv.Atoi(os.Args[4])
	fga, err := client.NewSdkClient(&client.ClientConfiguration{ApiUrl: os.Args[1], StoreId: os.Args[2]})
	if err != nil {
		panic(err)
	}
	ask := func() {
		checks := make([]client.ClientBatchCheckItem, documents)
		for i := range checks {
			id := strconv.Itoa(i)
			checks[i] = client.ClientBatchCheckItem{
				User: "user:auth0|6500f0e1c2a3b4d5e6f70811", Relation: "viewer", Object: "doc:" + id, CorrelationId: id,
			}
		}
		size, parallel := int32(50), int32(10)
		answer, err := fga.BatchCheck(context.Background()).Body(client.ClientBatchCheckRequest{Checks: checks}).
			Options(client.BatchCheckOptions{MaxBatchSize: &size, MaxParallelRequests: &parallel}).Execute()
		if err != nil {
			panic(err)
		}
		result := answer.GetResult()
		if len(result) != documents {
			panic(fmt.Sprintf("%d answers", len(result)))
		}
		for i := range checks {
			if one := result[checks[i].CorrelationId]; !one.GetAllowed() {
				panic("not allowed: " + checks[i].Object)
			}
		}
	}
	ask()
	times := make([]float64, 0, rounds)
	before := cpu()
	for i := 0; i < rounds; i++ {
		begun := time.Now()
		ask()
		times = append(times, float64(time.Since(begun).Microseconds())/1e3)
	}
	used := cpu() - before
	sort.Float64s(times)
	json.NewEncoder(os.Stdout).Encode(map[string]float64{"checks": float64(documents * rounds), "cpu_us": used, "wall_ms": times[rounds/2]})
}
