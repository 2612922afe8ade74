using EpcActors.Imports;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Imports;

/// <summary>Gramine manifests, Occlum.json and Enclave.config.xml: every page accounted for.</summary>
public sealed class EnclaveImportTests
{
    private const int MiB = 256;

    private static EnclaveSpec Only(string name, string text, ImportOptions? options = null) =>
        Assert.Single(Importing.Load(name, text, options).Enclaves);

    [Theory]
    [InlineData("sgx.enclave_size = \"64M\"\nsgx.max_threads = 8", 64, 8, 5)]
    [InlineData("[sgx]\nenclave_size = \"1G\"\nmax_threads = 64", 1024, 64, 61)]
    [InlineData("sgx = { enclave_size = \"32M\", max_threads = 1 }\nloader.log_level = \"error\"", 32, 1, 1)]
    [InlineData("loader.log_level = \"error\"", 256, 4, 1)]
    [InlineData("sgx.enclave_size = \"131072K\"\nsgx.thread_num = 5", 128, 5, 2)]
    [InlineData("sgx.enclave_size = \"67108864\"\nsgx.debug = true", 64, 4, 1)]
    public void A_manifest_fills_the_range_of_the_enclave(string text, int size, int slots, int threads)
    {
        EnclaveSpec enclave = Only("redis.manifest", text);

        Assert.Equal("redis", enclave.Name);
        Assert.Equal(size * MiB, enclave.HeapPages + enclave.CodePages);
        Assert.Equal(256 + (slots * 90), enclave.CodePages);
        Assert.Equal(enclave.HeapPages, enclave.AddedHeapPages);
        Assert.Equal(threads, enclave.Threads);
    }

    [Fact]
    public void With_edmm_no_heap_is_added()
    {
        EnclaveSpec enclave = Only("a.manifest", "sgx.edmm_enable = true\nsgx.enclave_size = \"64M\"");

        Assert.Equal(0, enclave.AddedHeapPages);
        Assert.Equal((64 * MiB) - 256 - (4 * 90), enclave.HeapPages);
    }

    [Fact]
    public void Preheating_is_one_thread_that_touches_all()
    {
        EnclaveSpec enclave = Only("a.manifest", "sgx.preheat_enclave = true\nsgx.enclave_size = \"64M\"");

        Assert.True(Assert.IsType<StepSpec.Touch>(enclave.Steps[0]).ByOne);
        Assert.IsType<StepSpec.Pattern>(enclave.Steps[1]);
    }

    [Theory]
    [InlineData("sgx.enclave_size = \"100M\"", "a.manifest:1:20: sgx.enclave_size: ", "write \"128M\"")]
    [InlineData("\nsgx.enclave_size = \"1.5G\"", "a.manifest:2:20: ", "expected a power of two")]
    [InlineData("sgx.enclave_size = \"{{ size }}\"", "a.manifest:1:20: ", "render it with gramine-manifest")]
    [InlineData("sgx.enclave_size = {{ size }}", "a.manifest:1:20: ", "render it with gramine-manifest")]
    [InlineData("sgx.enclave_size = \"1M\"\nsgx.max_threads = 8", "a.manifest:1:20: ", "no heap is left")]
    [InlineData("sgx.max_threads = 0", "a.manifest:1:19: ", "write 1 to 4096")]
    [InlineData("sgx.max_threads = \"8\"", "a.manifest:1:19: ", "found the text '8'; expected a whole number")]
    [InlineData("sgx.edmm_enable = \"yes\"", "a.manifest:1:19: ", "expected true or false")]
    [InlineData("sgx.edmm_enable = true\nsgx.preheat_enclave = true", "a.manifest:2:1: ", "Gramine refuses both")]
    [InlineData("sgx.enclave_size = 1 2", "a.manifest:1:", "this is not valid TOML")]
    [InlineData("sgx.debug = true\nsgx.debug = true", "a.manifest:2:", "this is not valid TOML")]
    public void A_manifest_that_is_wrong_is_told(string text, string place, string expected)
    {
        string errors = Importing.Errors("a.manifest", text);

        Assert.StartsWith(place, errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_is_nearly_right_is_told() => Assert.Contains(
        "a.manifest:1:1: sgx.enclave-size: Gramine knows no such key; did you mean 'sgx.enclave_size'?",
        Importing.Notes(Importing.Text("a.manifest", "sgx.enclave-size = \"1G\"\nsgx.debug = true")),
        StringComparison.Ordinal);

    [Theory]
    [InlineData("[", 200_000)]
    [InlineData("{a=", 200_000)]
    public void Brackets_without_end_are_refused(string bracket, int count) => Assert.Contains(
        "levels of nesting",
        Importing.Errors("a.manifest", "sgx.a = " + string.Concat(Enumerable.Repeat(bracket, count))),
        StringComparison.Ordinal);

    private static string Occlum(string more = "", string feature = "") => $$"""
        {
          "resource_limits": { "kernel_space_heap_size": "32MB", "kernel_space_stack_size": "1MB",
            "user_space_size": "256MB", {{more}} "max_num_of_threads": 32 },
          "process": { "default_stack_size": "4MB", "default_heap_size": "16MB" } {{feature}}
        }
        """;

    private const string Edmm = ", \"feature\": { \"enable_edmm\": true }";

    /// <summary>
    /// A published build log: user space 300 MB, kernel heap 32 MB, 32 threads with stacks of 1 MB need 385,511,424
    /// bytes. Here are as many.
    /// </summary>
    [Fact]
    public void The_pages_are_those_of_a_published_build_log()
    {
        EnclaveSpec enclave = Only("Occlum.json", Occlum().Replace("256MB", "300MB", StringComparison.Ordinal));

        Assert.Equal(385_511_424 / 4096, enclave.HeapPages + enclave.CodePages);
        Assert.Equal(332 * MiB, enclave.HeapPages);
    }

    [Theory]
    [InlineData("", "", 288, 288, 32)]
    [InlineData("\"user_space_max_size\": \"1GB\",", "", 1056, 1056, 32)]
    [InlineData("\"user_space_max_size\": \"1GB\", \"kernel_space_heap_max_size\": \"64MB\",", Edmm, 1088, 288, 16)]
    [InlineData("\"user_space_max_size\": \"1GB\", \"init_num_of_threads\": 2,", Edmm, 2048, 288, 2)]
    [InlineData("", Edmm, 17408, 288, 16)]
    public void With_edmm_it_begins_small(string more, string feature, int heap, int added, int slots)
    {
        EnclaveSpec enclave = Only("inst/Occlum.json", Occlum(more, feature));

        Assert.Equal("inst", enclave.Name);
        Assert.Equal(heap * MiB, enclave.HeapPages);
        Assert.Equal(added * MiB, enclave.AddedHeapPages);
        Assert.Equal(807 + (slots * (4 + MiB)), enclave.CodePages);
    }

    [Theory]
    [InlineData("\"256MB\"", "\"256 MiB\"", "Occlum.json:3:24: resource_limits.user_space_size: ", "KB, MB, GB")]
    [InlineData("\"256MB\"", "256", "Occlum.json:3:24: ", "found the number 256")]
    [InlineData("\"user_space_size\"", "\"user_space\"", "Occlum.json:2:", "user_space_size: the key is missing")]
    [InlineData("\"32MB\"", "\"9999TB\"", "Occlum.json:2:", "expected a size")]
    [InlineData("\"16MB\"", "16", "Occlum.json:4:", "process.default_heap_size: found the number 16")]
    [InlineData("{ \"kernel", "[ \"kernel", "Occlum.json:2:", "this is not valid JSON")]
    public void An_occlum_file_that_is_wrong_is_told(string old, string put, string place, string expected)
    {
        string errors = Importing.Errors("Occlum.json", Occlum().Replace(old, put, StringComparison.Ordinal));

        Assert.StartsWith(place, errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    private static string Sdk(string elements) => $"<EnclaveConfiguration>\n{elements}\n</EnclaveConfiguration>";

    [Theory]
    [InlineData("", 16 * MiB, 16 * MiB, 1, 64)]
    [InlineData("<HeapMaxSize>0x100000</HeapMaxSize><TCSNum>10</TCSNum>", MiB, MiB, 10, 64)]
    [InlineData("<HeapMaxSize>1048576</HeapMaxSize><HeapInitSize>0x1000</HeapInitSize>", MiB, 1, 1, 64)]
    [InlineData("<ReservedMemMaxSize>0x400000</ReservedMemMaxSize>", 20 * MiB, 20 * MiB, 1, 64)]
    [InlineData("<StackMaxSize>0x100000</StackMaxSize><TCSNum>2</TCSNum>", 16 * MiB, 16 * MiB, 2, 256)]
    public void An_enclave_of_the_sdk_has_heap_threads_and_stacks(
        string elements, int heap, int added, int threads, int stack)
    {
        EnclaveSpec enclave = Only("Enclave.config.xml", Sdk(elements));

        Assert.Equal("Enclave", enclave.Name);
        Assert.Equal(heap, enclave.HeapPages);
        Assert.Equal(added, enclave.AddedHeapPages);
        Assert.Equal(threads, enclave.Threads);
        Assert.Equal(256 + (threads * (4 + stack)), enclave.CodePages);
    }

    [Theory]
    [InlineData("<HeapMaxSize>0x1001</HeapMaxSize>", "e.xml:2:2: HeapMaxSize: ", "write 0x2000")]
    [InlineData("<HeapMaxSize>1M</HeapMaxSize>", "e.xml:2:2: ", "expected bytes, decimal or 0x")]
    [InlineData("<TCSNum>0</TCSNum>", "e.xml:2:2: ", "write 1 to 4096")]
    [InlineData("<TCSNum>3</TCSNum><TCSMaxNum>2</TCSMaxNum>", "e.xml:2:2: TCSNum: ", "it is larger than TCSMaxNum")]
    [InlineData("<HeapInitSize>0x2000000</HeapInitSize>", "e.xml:2:2: HeapInitSize: ", "larger than HeapMaxSize")]
    [InlineData("<TCSNum>3</TCSNum><TCSNum>2</TCSNum>", "e.xml:2:20: TCSNum: ", "a second time")]
    [InlineData("<TCSNum>3</TCS>", "e.xml:2:", "this is not valid XML")]
    public void A_configuration_of_the_sdk_that_is_wrong_is_told(string elements, string place, string expected)
    {
        string errors = Importing.Errors("e.xml", Sdk(elements));

        Assert.StartsWith(place, errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_element_that_is_not_known_is_told_and_entities_are_refused()
    {
        Assert.Contains(
            "did you mean 'HeapMaxSize'?",
            Importing.Notes(Importing.Text("e.xml", Sdk("<HeapMaxsize>0x1000</HeapMaxsize>"))),
            StringComparison.Ordinal);
        Assert.Contains(
            "this is not valid XML",
            Importing.Errors("e.xml", "<!DOCTYPE a [ <!ENTITY b \"c\"> ]>" + Sdk("<TCSNum>&b;</TCSNum>")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Several_files_are_several_enclaves_and_instances_are_many()
    {
        string[] paths = [Importing.SamplePath("redis.manifest"), Importing.SamplePath("python.manifest.template")];
        ScenarioText text = ScenarioSource.Read(
            paths, InputFormat.Gramine, new ImportOptions { Instances = 2, Machine = "xeon-e-188mib" });

        Assert.Equal(
            ["redis-0", "redis-1", "python-0", "python-1"],
            Importing.Load(text).Enclaves.Select(one => one.Name));
    }
}
