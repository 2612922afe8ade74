using EpcActors.Imports;
using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Imports;

/// <summary>Manifests as scenarios: who gets which limit, heap, threads and program.</summary>
public sealed class KubernetesImportTests
{
    private const long MiB = 1 << 20;

    /// <summary>A pod of containers c0 and c1 that claim 8 MiB each, with other annotations and resources.</summary>
    private static string Pod(
        string annotations = "", string more = "", string claim = "sgx.intel.com/epc: 8Mi") => $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: p
          annotations: { {{annotations}} }
        spec:
          {{more}}
          containers:
          - name: c0
            resources: { limits: { {{claim}} } }
          - name: c1
            resources: { limits: { {{claim}} } }
        """;

    [Theory]
    [InlineData("", 8, 8)]
    [InlineData("epc-limit.nri.io: '4194304'", 4, 4)]
    [InlineData("epc-limit.nri.io/pod: '4194304'", 4, 4)]
    [InlineData("epc-limit.nri.io/pod: '4194304', epc-limit.nri.io: '2097152'", 4, 4)]
    [InlineData("epc-limit.nri.io/container.c0: '6291456'", 6, 8)]
    [InlineData("epc-limit.nri.io/container.c0: '6291456', epc-limit.nri.io/pod: '4194304'", 6, 4)]
    [InlineData("epc-limit.nri.io/container.c1: '0', epc-limit.nri.io/pod: '4194304'", 4, 0)]
    [InlineData("epc-limit.nri.io/container.c1: '18446744073709551615'", 8, 0)]
    public void Annotations_are_looked_up_as_the_plug_in_does(string annotations, int first, int second)
    {
        Scenario scenario = Importing.Load("p.yaml", Pod(annotations));

        Assert.Equal(Limit(first), Importing.MaxOf(scenario, "/kubepods/p/c0"));
        Assert.Equal(Limit(second), Importing.MaxOf(scenario, "/kubepods/p/c1"));
        Assert.Equal(Limit(0), Importing.MaxOf(scenario, "/kubepods/p"));

        static long Limit(int size) => size == 0 ? long.MaxValue : size * MiB;
    }

    [Theory]
    [InlineData("64Mi", "write \"67108864\"")]
    [InlineData("1e6", "write \"1000000\"")]
    [InlineData("-1", "write for example \"67108864\"")]
    [InlineData("", "write for example \"67108864\"")]
    [InlineData("18446744073709551616", "write \"")]
    [InlineData("max", "write for example \"67108864\"")]
    public void A_limit_that_is_no_plain_number_is_an_error_at_its_place(string value, string remedy)
    {
        string errors = Importing.Errors("p.yaml", Pod($"epc-limit.nri.io/pod: '{value}'"));

        Assert.StartsWith(
            "p.yaml:5:40: metadata.annotations.epc-limit.nri.io/pod: found ", errors, StringComparison.Ordinal);
        Assert.Contains("plain decimal bytes", errors, StringComparison.Ordinal);
        Assert.Contains(remedy, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epc-limit.nri.io/container.c2", "the pod has no container 'c2'; did you mean 'c0'?")]
    [InlineData("workload.epcactors.dev/container.web", "the pod has no container 'web'; allowed: c0, c1")]
    [InlineData("epc-limit.nri.io/pods", "allowed: epc-limit.nri.io/container.NAME, epc-limit.nri.io/pod")]
    [InlineData("epc-limits.nri.io/pod", "did you mean 'epc-limit.nri.io/pod'?")]
    [InlineData("workloads.epcactors.dev", "did you mean 'workload.epcactors.dev'?")]
    public void An_annotation_for_nothing_is_an_error(string key, string expected)
    {
        string errors = Importing.Errors("p.yaml", Pod($"{key}: '1048576'"));

        Assert.StartsWith("p.yaml:5:18: ", errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Annotations_of_other_programs_are_passed_over() =>
        Assert.Empty(Importing.Text("p.yaml", Pod("'a.b/c': 'x', sgx.intel.com/epc: 16Mi")).Notes);

    [Fact]
    public void A_number_without_quotes_is_read_and_told()
    {
        ScenarioText text = Importing.Text("p.yaml", Pod("epc-limit.nri.io/pod: 4194304"));

        Assert.Contains("p.yaml:5:40: ", Importing.Notes(text), StringComparison.Ordinal);
        Assert.Contains("the API server refuses the number 4194304", Importing.Notes(text), StringComparison.Ordinal);
        Assert.Equal(4 * MiB, Importing.MaxOf(Importing.Load(text), "/kubepods/p/c1"));
    }

    [Fact]
    public void Claims_as_bookkeeping_are_no_limits()
    {
        ImportOptions options = new() { Claims = ClaimUse.Bookkeeping };
        ScenarioText text = Importing.Text("p.yaml", Pod("epc-limit.nri.io/container.c0: '4194304'"), options);
        Scenario scenario = Importing.Load(text);

        Assert.Equal(4 * MiB, Importing.MaxOf(scenario, "/kubepods/p/c0"));
        Assert.Equal(long.MaxValue, Importing.MaxOf(scenario, "/kubepods/p/c1"));
        Assert.Contains("1 claim without a limit: /kubepods/p/c1", Importing.Notes(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sgx.intel.com/epc: 8388608", 8, true)]
    [InlineData("sgx.intel.com/epc: 8192Ki", 8, true)]
    [InlineData("sgx.intel.com/epc: '8388.608k'", 8, true)]
    [InlineData("kubernetes.azure.com/sgx_epc_mem_in_MiB: 8", 8, false)]
    [InlineData("alibabacloud.com/sgx_epc_MiB: '16'", 16, false)]
    public void A_claim_is_the_size_of_the_enclave(string claim, int size, bool isLimit)
    {
        Scenario scenario = Importing.Load("p.yaml", Pod(claim: claim));
        EnclaveSpec enclave = Importing.Enclave(scenario, "p_c0");
        long pages = size * 256;
        long needed = PagesOf(enclave);

        Assert.Equal(isLimit ? size * MiB : long.MaxValue, Importing.MaxOf(scenario, "/kubepods/p/c0"));
        Assert.InRange(needed, pages - 1, pages);
    }

    /// <summary>SECS, code, heap, and a VA page for each 512 pages, the SECS counted.</summary>
    private static long PagesOf(EnclaveSpec enclave)
    {
        long pages = 1L + enclave.CodePages + enclave.HeapPages;
        return pages + ((pages + 511) / 512);
    }

    [Theory]
    [InlineData("sgx.intel.com/epc: 10", "for MiB write 10Mi")]
    [InlineData("kubernetes.azure.com/sgx_epc_mem_in_MiB: 10", "counts MiB: 10 is 10485760 bytes")]
    public void The_unit_trap_is_told(string claim, string expected)
    {
        string said;
        try
        {
            said = Importing.Notes(Importing.Text("p.yaml", Pod(claim: claim)));
        }
        catch (ConfigurationException wrong)
        {
            said = wrong.Message;
            expected = "write 10Mi";
        }

        Assert.Contains(expected, said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sgx.intel.com/epc: 8MB", "p.yaml:10:47: spec.containers[0].resources.limits.sgx.intel", "write 8")]
    [InlineData("sgx.intel.com/epc: 8K", "p.yaml:10:47: ", "write 8Ki (powers of 1024) or 8k")]
    [InlineData("sgx.intel.com/epc: 1.5", "p.yaml:10:47: ", "an extended resource has no parts")]
    [InlineData("sgx.intel.com/epc: -8Mi", "p.yaml:10:47: ", "is not a whole number")]
    [InlineData("sgx.intel.com/epc: [8]", "p.yaml:10:47: ", "found a list; expected a single value")]
    [InlineData("sgx.intel.com/epc: 8Ti", "p.yaml:10:47: ", "more EPC than any machine has")]
    [InlineData("kubernetes.azure.com/sgx_epc_mem_in_MiB: 8Mi", "p.yaml:10:69: ", "this resource counts MiB already")]
    [InlineData("sgx.intel.com/epc: 40Ki", "p.yaml:10:47: ", "hold no enclave of 1 thread")]
    public void A_claim_that_is_wrong_is_an_error_at_its_place(string claim, string place, string expected)
    {
        string errors = Importing.Errors("p.yaml", Pod(claim: claim));

        Assert.StartsWith(place, errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("requests: { sgx.intel.com/epc: 8Mi }", "needs a limit of the same size")]
    [InlineData("requests: { sgx.intel.com/epc: 8Mi }, limits: { sgx.intel.com/epc: 9Mi }", "only when both are equal")]
    public void Requests_and_limits_of_an_extended_resource_are_equal(string resources, string expected) =>
        Assert.Contains(
            expected,
            Importing.Errors("p.yaml", $$"""
                kind: Pod
                metadata: { name: p }
                spec: { containers: [ { name: c, resources: { {{resources}} } } ] }
                """),
            StringComparison.Ordinal);

    [Fact]
    public void What_a_manifest_cannot_say_comes_from_annotations_or_the_caller()
    {
        string pod = Pod(
            "workload.epcactors.dev: ycsb-a, workload.epcactors.dev/container.c1: redis-gramine, "
                + "heap.epcactors.dev: 3Mi, threads.epcactors.dev/container.c1: '3'");
        Scenario scenario = Importing.Load("p.yaml", pod);

        Assert.Equal("ycsb-a", Program(scenario, "p_c0"));
        Assert.Equal("redis-gramine", Program(scenario, "p_c1"));
        Assert.Equal(768, Importing.Enclave(scenario, "p_c0").HeapPages);
        Assert.Equal(1, Importing.Enclave(scenario, "p_c0").Threads);
        Assert.Equal(3, Importing.Enclave(scenario, "p_c1").Threads);

        ImportOptions options = new() { Workload = "ycsb-f", Machine = "nuc-22mib" };
        Scenario other = Importing.Load("p.yaml", pod, options);
        Assert.Equal("ycsb-f", Program(other, "p_c1"));
        Assert.Equal("nuc-22mib", other.Machine.Name);

        Assert.Contains(
            "assumed: ycsb-b, the default", Importing.Text("p.yaml", Pod()).Text, StringComparison.Ordinal);
    }

    private static string Program(Scenario scenario, string enclave) =>
        Assert.IsType<StepSpec.Pattern>(Assert.Single(Importing.Enclave(scenario, enclave).Steps)).Text;

    [Theory]
    [InlineData("workload.epcactors.dev: ycsb", "there is no workload 'ycsb'; did you mean 'ycsb-a'?")]
    [InlineData("threads.epcactors.dev: '0'", "write 1 to 4096")]
    [InlineData("heap.epcactors.dev: 8MB", "expected a quantity of at least a page; write 8")]
    public void Our_annotations_have_errors_of_their_own(string annotation, string expected) =>
        Assert.Contains(expected, Importing.Errors("p.yaml", Pod(annotation)), StringComparison.Ordinal);

    [Theory]
    [InlineData("Deployment", "replicas: 3", 3, "p-2")]
    [InlineData("StatefulSet", "replicas: 1", 1, "p-0")]
    [InlineData("ReplicaSet", "", 1, "p")]
    [InlineData("DaemonSet", "", 1, "p")]
    [InlineData("Job", "parallelism: 4, completions: 2", 2, "p-1")]
    [InlineData("Job", "", 1, "p")]
    public void Controllers_make_pods(string kind, string spec, int count, string last)
    {
        Scenario scenario = Importing.Load("p.yaml", $$"""
            kind: {{kind}}
            metadata: { name: p }
            spec:
              {{(spec.Length == 0 ? "" : spec.Replace(", ", "\n  ", StringComparison.Ordinal))}}
              template:
                spec:
                  containers: [ { name: c, resources: { limits: { sgx.intel.com/epc: 8Mi } } } ]
            """);

        Assert.Equal(count, scenario.Enclaves.Count);
        Assert.Equal(last, scenario.Enclaves[^1].Name);
        Assert.Equal(8 * MiB, Importing.MaxOf(scenario, $"/kubepods/{last}/c"));
    }

    [Fact]
    public void Init_containers_end_before_the_others_begin()
    {
        Scenario scenario = Importing.Load("p.yaml", Pod(more: """
            initContainers:
              - { name: first, resources: { limits: { sgx.intel.com/epc: 4Mi } } }
              - { name: side, restartPolicy: Always, resources: { limits: { sgx.intel.com/epc: 2Mi } } }
            """));

        Assert.Equal(["p_first", "p_side", "p_c0", "p_c1"], scenario.Enclaves.Select(one => one.Name));
        Assert.Equal(0, scenario.Enclaves[0].StartNs);
        Assert.All(scenario.Enclaves.Skip(1), one => Assert.InRange(one.StartNs, 30_000_000, 31_000_000));
        Assert.IsType<StepSpec.Touch>(Assert.Single(scenario.Enclaves[0].Steps));

        // Intel's webhook passes over init containers.
        Assert.Equal(long.MaxValue, Importing.MaxOf(scenario, "/kubepods/p/first"));
    }

    [Fact]
    public void A_node_is_the_machine_and_holds_the_claims()
    {
        ScenarioText text = Importing.Text("p.yaml", $$"""
            kind: Node
            metadata: { name: w }
            status:
              capacity: { cpu: '6', sgx.intel.com/epc: '98566144' }
              allocatable: { cpu: 5800m, sgx.intel.com/epc: '12582912' }
            ---
            {{Pod()}}
            ---
            kind: Pod
            metadata: { name: elsewhere }
            spec: { nodeName: x, containers: [ { name: c, resources: { limits: { sgx.intel.com/epc: 8Mi } } } ] }
            """);
        Scenario scenario = Importing.Load(text);

        NodeSpec node = Assert.Single(scenario.Machine.Nodes);
        Assert.Equal(6, node.Cpus);
        Assert.Equal(12 * MiB / KernelConstants.PageSize, Assert.Single(node.SectionPages));
        Assert.Contains("p would stay Pending", Importing.Notes(text), StringComparison.Ordinal);
        Assert.Contains("Pod elsewhere runs on node x, not on w", Importing.Notes(text), StringComparison.Ordinal);
        Assert.DoesNotContain(scenario.Enclaves, one => one.Name == "elsewhere");
    }

    [Theory]
    [InlineData("kind: Service\nmetadata: { name: s }", "no container of it asks for EPC")]
    [InlineData("kind: Pod\nmetadata: { name: P }\nspec: { containers: [] }", "'P' is not a name of an object")]
    [InlineData("kind: Pod\nspec: { containers: [] }", "a Pod has no name")]
    [InlineData("kind: Pod\nmetadata: { name: p }", "a pod has no containers")]
    [InlineData("kind: Pod\nkind: Pod", "k.yaml:2:1: kind: the key stands here a second time; the first is in line 1")]
    [InlineData("kind: [", "k.yaml:2:1: this is not valid YAML")]
    [InlineData("kind: Pod\nmetadata: *a", "k.yaml:2:11: there is no anchor 'a' above")]
    [InlineData("kind: Pod\nmetadata: 3", "k.yaml:2:11: metadata: found the number 3; expected a map")]
    public void A_manifest_that_is_wrong_is_told(string text, string expected) =>
        Assert.Contains(expected, Importing.Errors("k.yaml", text), StringComparison.Ordinal);

    [Fact]
    public void Aliases_of_aliases_of_aliases_do_not_grow()
    {
        string lists = string.Concat(Enumerable.Range(1, 30).Select(i =>
            $"- &a{i} {{ kind: List, items: [ {string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 6))} ] }}\n"));
        string text = $"kind: List\nitems:\n- &a0 {{ kind: Service }}\n{lists}";

        Assert.Contains("more than 20000 objects", Importing.Errors("k.yaml", text), StringComparison.Ordinal);
    }

    [Fact]
    public void Brackets_without_end_are_refused() => Assert.Contains(
        "levels of nesting", Importing.Errors("k.yaml", "kind: " + new string('[', 100_000)), StringComparison.Ordinal);
}
