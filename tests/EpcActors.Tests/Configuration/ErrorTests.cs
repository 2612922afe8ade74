using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary>Each kind of mistake, with the place and the remedy that its error names.</summary>
public sealed class ErrorTests
{
    [Theory]
    [InlineData("epc.kernal = x", "lab/test.conf:1:1", "there is no key 'kernal' of epc", "did you mean 'kernel'")]
    [InlineData(
        "epc {\n  run { durration = 1 s }\n}",
        "lab/test.conf:2:9",
        "epc.run.durration",
        "did you mean 'duration'")]
    [InlineData("epc.switches {\n  free-page-count = racy\n}", "lab/test.conf:2:3", "did you mean 'free-page-counter'")]
    [InlineData("epc.machine { sanitize-at-boot = on }", "lab/test.conf:1:15", "did you mean 'sanitise-at-boot'")]
    [InlineData("epc.costs { ewbb = 3 }", "lab/test.conf:1:13", "epc.costs.ewbb", "did you mean 'ewb'")]
    [InlineData("epc.defaults.enclave { thread = 3 }", "lab/test.conf:1:24", "did you mean 'threads'")]
    [InlineData("epc.defaults { enclaves { threads = 3 } }", "lab/test.conf:1:16", "did you mean 'enclave'")]
    [InlineData("epc.cgroups { pods { max = 4 MiB } }", "lab/test.conf:1:15", "begins with '/'")]
    [InlineData("epc.cgroups { /pods { mx = 4 MiB } }", "lab/test.conf:1:23", "did you mean 'max'")]
    [InlineData(
        "epc.virtual-machines { v { epc = 4 MiB, cgroups = / } }",
        "lab/test.conf:1:41",
        "did you mean 'cgroup'")]
    [InlineData("epc.script = [ { at = 1 ms, kil = x } ]", "lab/test.conf:1:29", "did you mean 'kill'")]
    [InlineData("kernel = x", "lab/test.conf:1:1", "there is no key 'kernel' at the root", "write epc.kernel")]
    [InlineData("enclave { }", "lab/test.conf:1:1", "at the root", "write epc.enclaves")]
    [InlineData("epcc { }", "lab/test.conf:1:1", "did you mean 'epc'")]
    [InlineData("kernel-fil { }", "lab/test.conf:1:1", "at the root")]
    public void An_unknown_key_is_reported_at_its_place(string text, string place, params string[] words) =>
        Loading.OnlyError(text, place, words);

    [Theory]
    [InlineData(
        "epc.kernel = linux-5.14",
        "lab/test.conf:1:14",
        "epc.kernel",
        "no 'linux-5.14' among the kernels",
        "did you mean 'linux-5.15'")]
    [InlineData(
        "epc.machine = two-socket-64mib",
        "lab/test.conf:1:15",
        "epc.machine",
        "did you mean 'two-sockets-64mib'")]
    [InlineData("epc { machine { profile = nuc } }", "lab/test.conf:1:27", "epc.machine.profile", "nuc-22mib")]
    [InlineData("epc.costs = xeon", "lab/test.conf:1:13", "epc.costs", "xeon-icx")]
    [InlineData(
        "epc.kernel = my.conf",
        "lab/test.conf:1:14",
        "there is no file 'lab/my.conf'",
        "relative to the scenario file")]
    [InlineData("epc.kernel = [ 1 ]", "lab/test.conf:1:14", "found a list")]
    [InlineData(
        "epc.switches.free-page-counter = pernode",
        "lab/test.conf:1:34",
        "did you mean 'per-node'",
        "racy, atomic, per-node")]
    [InlineData("epc.switches.sgx2 = maybe", "lab/test.conf:1:21", "allowed: off, on")]
    [InlineData("epc.enclaves.e { heap = 4 MiB, steps = [ tuch ] }", "lab/test.conf:1:42", "did you mean 'touch'")]
    [InlineData("epc.enclaves.e { heap = 4 MiB, steps = [ { rum {} } ] }", "lab/test.conf:1:44", "did you mean 'run'")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { run { pattern = zipff } } ] }",
        "lab/test.conf:1:60",
        "did you mean 'zipf'")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { run { preset = ycsbb } } ] }",
        "lab/test.conf:1:59",
        "did you mean 'ycsb-b'")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { touch { access = wirte } } ] }",
        "lab/test.conf:1:61",
        "did you mean 'write'")]
    [InlineData("epc.expect-on { linux-5.15 = [ \"verdict == pass\" ] }", "lab/test.conf:1:17", "\"linux-5.15")]
    [InlineData("epc.expect-on { \"linux-5.16\" = [] }", "lab/test.conf:1:17", "did you mean 'linux-5.15'")]
    public void An_unknown_name_is_reported_with_the_one_that_was_meant(
        string text,
        string place,
        params string[] words
    ) => Loading.OnlyError(text, place, words);

    [Theory]
    [InlineData("epc.seed = abc", "lab/test.conf:1:12", "epc.seed: found 'abc'; expected a whole number")]
    [InlineData("epc.seed = -1", "lab/test.conf:1:12", "18446744073709551615")]
    [InlineData("epc.title = [ 1 ]", "lab/test.conf:1:13", "found a list; expected a text")]
    [InlineData("epc.run = 5", "lab/test.conf:1:11", "found 5; expected an object")]
    [InlineData("epc.run.slowdown = perhaps", "lab/test.conf:1:20", "on or off")]
    [InlineData("epc.run.trace-events = -1", "lab/test.conf:1:24", "out of range")]
    [InlineData("epc.run.audit-every = 1.5", "lab/test.conf:1:23", "a whole number")]
    [InlineData("epc.cgroups { /a = 3 }", "lab/test.conf:1:20", "found 3; expected an object")]
    [InlineData("epc.machine.nodes = 4", "lab/test.conf:1:21", "found 4; expected a list of nodes")]
    [InlineData("epc.machine.nodes = [ 4 ]", "lab/test.conf:1:23", "epc.machine.nodes[0]", "expected a node")]
    [InlineData("epc.script = [ kill ]", "lab/test.conf:1:16", "expected an action")]
    [InlineData("epc.expect = [ 3 ]", "lab/test.conf:1:16", "expected a string")]
    [InlineData("epc.expect = [ \"what\" ]", "lab/test.conf:1:17",
        "'what' is neither a subject nor a quantity of the machine")]
    [InlineData("epc = 5", "lab/test.conf:1:7", "epc: found 5; expected an object")]
    [InlineData("akka = 5", "lab/test.conf:1:8", "akka: found 5; expected an object")]
    [InlineData("epc.enclaves.e { heap = 4 MiB, steps = touch }", "lab/test.conf:1:40", "expected a list of steps")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { accept {}, remove {} } ] }",
        "lab/test.conf:1:42",
        "a step has one key; this one has 2")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ run ] }",
        "lab/test.conf:1:42",
        "needs a value",
        "run { pattern")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { remove = 3 } ] }",
        "lab/test.conf:1:44",
        "write remove alone")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { fork = [ { fork = [ touch ] } ] } ] }",
        "lab/test.conf:1:55",
        "cannot fork again")]
    public void A_wrong_type_is_reported(string text, string place, params string[] words) =>
        Loading.OnlyError(text, place, words);

    [Theory]
    [InlineData(
        "epc.cgroups { /a { max = 64 } }",
        "lab/test.conf:1:26",
        "the size 64 has no unit",
        "write '64 MiB'",
        "64 pages")]
    [InlineData("epc.cgroups { /a { max = \"64\" } }", "lab/test.conf:1:26", "the size 64 has no unit")]
    [InlineData("epc.cgroups { /a { max = 67108864 } }", "lab/test.conf:1:26", "if bytes were meant, write '64 MiB'")]
    [InlineData("epc.cgroups { /a { max = 64 Mib } }", "lab/test.conf:1:26", "unknown unit 'Mib'; write '64 MiB'")]
    [InlineData(
        "epc.cgroups { /a { max = 10000000 } }",
        "lab/test.conf:1:26",
        "if bytes were meant, write '10000000 B'")]
    [InlineData(
        "epc.enclaves.e { heap = 5000 B }",
        "lab/test.conf:1:25",
        "not a whole number of pages",
        "4 KiB (1 page) or 8 KiB (2 pages)")]
    [InlineData(
        "epc.enclaves.e { heap = 48 MB }",
        "lab/test.conf:1:25",
        "48000000 bytes",
        "write '48 MiB'",
        "11718 pages",
        "11719 pages")]
    [InlineData("epc.cgroups { /a { max = -4 MiB } }", "lab/test.conf:1:26", "negative")]
    [InlineData("epc.cgroups { /a { max = 1.5 pages } }", "lab/test.conf:1:26", "a whole number of pages")]
    [InlineData("epc.cgroups { /a { max = 1000001 % } }", "lab/test.conf:1:26", "out of range")]
    [InlineData("epc.enclaves.e { heap = 0 }", "lab/test.conf:1:25", "too small")]
    [InlineData("epc.enclaves.e { heap = max }", "lab/test.conf:1:25", "the size 'max' has no number")]
    [InlineData("epc.run.duration = 10", "lab/test.conf:1:20", "the duration 10 has no unit", "write '10 s'")]
    [InlineData("epc.run.duration = 0", "lab/test.conf:1:20", "the duration 0 is too short", "write for example")]
    [InlineData("epc.run.duration = 0 s", "lab/test.conf:1:20", "too short", "longer than 0")]
    [InlineData("epc.run.duration = -1 s", "lab/test.conf:1:20", "is negative")]
    [InlineData("epc.run.duration = 1 sec", "lab/test.conf:1:20", "unknown unit 'sec'")]
    [InlineData("epc.run.duration = 1 MS", "lab/test.conf:1:20", "unknown unit 'MS'; write '1 ms'")]
    [InlineData("epc.run.sample = automatic", "lab/test.conf:1:18", "no number")]
    [InlineData("epc.run.quantum = many cycles", "lab/test.conf:1:19", "expected a number of cycles")]
    [InlineData("epc.run.jitter = 10", "lab/test.conf:1:18", "the percentage 10 has no unit", "write '10 %'")]
    [InlineData("epc.run.jitter = 100 %", "lab/test.conf:1:18", "'100 %' is out of range", "0 % to 99 %")]
    [InlineData("epc.run.jitter = 2.5 %", "lab/test.conf:1:18", "not a whole percentage")]
    [InlineData("epc.costs.remote = 90 %", "lab/test.conf:1:20", "out of range", "100 %")]
    [InlineData("epc.costs.clock = 2900", "lab/test.conf:1:19", "the clock 2900 has no unit", "'2900 MHz'")]
    [InlineData("epc.costs.clock = fast", "lab/test.conf:1:19", "2.9 GHz")]
    [InlineData("epc.costs.ewb = 9 us", "lab/test.conf:1:17", "expected a number of cycles")]
    [InlineData("epc.enclaves.e { heap = 4 MiB, added = 120 % }", "lab/test.conf:1:40", "0 % to 100 %")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, added = 5 MiB }",
        "lab/test.conf:1:40",
        "more than the heap has (4 MiB)")]
    [InlineData("epc.enclaves.e { heap = 4 MiB, steps = [ { pause = 0 ms } ] }", "lab/test.conf:1:52", "too short")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { run { pattern = uniform, work = 300 } } ] }",
        "lab/test.conf:1:76",
        "write '300 ns'",
        "cycles")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, steps = [ { run { pattern = uniform, accesses = many } } ] }",
        "lab/test.conf:1:80",
        "3 passes")]
    [InlineData(
        "epc.machine.nodes = [ { cpus = 1, epc = 10 % } ]",
        "lab/test.conf:1:41",
        "cannot be a share of the EPC")]
    public void A_wrong_or_missing_unit_is_reported(string text, string place, params string[] words) =>
        Loading.OnlyError(text, place, words);

    [Theory]
    [InlineData("epc.enclaves.e { heap = 4 MiB, cgroup = /pods }", "lab/test.conf:1:41", "there is no cgroup '/pods'")]
    [InlineData(
        "epc { cgroups { /pods {} }, enclaves.e { heap = 4 MiB, cgroup = /pod } }",
        "lab/test.conf:1:65",
        "did you mean '/pods'")]
    [InlineData("epc.cgroups { / { max = 4 MiB } }", "lab/test.conf:1:19", "the root cgroup has no misc.max")]
    [InlineData("epc.cgroups { \"/a b\" {} }", "lab/test.conf:1:15", "white space")]
    [InlineData("epc.cgroups { \"/a/\" {} }", "lab/test.conf:1:15", "a name is empty")]
    [InlineData("epc.cgroups { \"/..\" {} }", "lab/test.conf:1:15", "'..' is not a name")]
    [InlineData(
        "epc.enclaves { web { heap = 4 MiB, instances = 2 }, web-1 { heap = 4 MiB } }",
        "lab/test.conf:1:53",
        "another enclave called 'web-1'")]
    [InlineData(
        "epc { enclaves.x { heap = 4 MiB }, virtual-machines.x { epc = 4 MiB } }",
        "lab/test.conf:1:36",
        "an enclave called 'x'")]
    [InlineData("epc.enclaves { \"a b\" { heap = 4 MiB } }", "lab/test.conf:1:16", "is not a name for an enclave")]
    [InlineData(
        "epc.enclaves { e { threads = 2 } }",
        "lab/test.conf:1:16",
        "epc.enclaves.e.heap",
        "the key 'heap' is missing",
        "heap = 48 MiB")]
    [InlineData("epc.enclaves.e { heap = 8 TiB }", "lab/test.conf:1:25", "pages; at most")]
    [InlineData("epc.enclaves.e { heap = 4 TiB }", "lab/test.conf:1:25", "rounded up to a power of two")]
    [InlineData("epc.enclaves { e { heap = 2 TiB, instances = 4 } }", "lab/test.conf:1:1", "in all")]
    [InlineData(
        "epc.enclaves.e { heap = 4 MiB, code-pages = 2, threads = 3 }",
        "lab/test.conf:1:45",
        "a TCS for each of 3 threads")]
    [InlineData("epc.enclaves.e { heap = 4 MiB, node = 2 }", "lab/test.conf:1:39", "2 is out of range", "0 to 1")]
    [InlineData(
        "epc { machine = four-sockets-snc, enclaves.e { heap = 4 MiB, node = 2 } }",
        "lab/test.conf:1:69",
        "node 2 has no CPUs",
        "0, 1, 3")]
    [InlineData("epc.machine.nodes = [ { cpus = 1 } ]", "lab/test.conf:1:21", "no node has EPC")]
    [InlineData("epc.machine.nodes = [ { cpus = 0, epc = 4 MiB } ]", "lab/test.conf:1:21", "no node has a CPU")]
    [InlineData(
        "epc.machine.nodes = [ { cpus = 1, epc = [ 1 MiB, 1 MiB, 1 MiB, 1 MiB, 1 MiB ] }, { cpus = 1, epc = [ 1 MiB, 1 "
            + "MiB, 1 MiB, 1 MiB ] } ]",
        "lab/test.conf:1:21",
        "9 EPC sections",
        "keeps 8")]
    [InlineData(
        "epc.machine.nodes = [ { cpus = 1, epc = 1 TiB }, { cpus = 1, epc = 1 TiB } ]",
        "lab/test.conf:1:21",
        "EPC pages; at most")]
    [InlineData(
        "epc { kernel = linux-5.15, switches.sgx2 = off, enclaves.e { heap = 4 MiB, steps = [ touch, remove ] } }",
        "lab/test.conf:1:93",
        "REMOVE_PAGES needs SGX2")]
    [InlineData(
        "epc { switches.sgx2 = off, enclaves.e { heap = 4 MiB, added = 0 % } }",
        "lab/test.conf:1:63",
        "EAUG, which needs SGX2")]
    public void What_cannot_be_is_reported(string text, string place, params string[] words) =>
        Loading.OnlyError(text, place, words);

    /// <summary>Memory failures are handled since 5.17: an older kernel refuses poison where it stands.</summary>
    [Theory]
    [InlineData("linux-5.15", "script = [ { at = 1 ms, poison { node = 0, first = 0, count = 1 } } ]", "2:25")]
    [InlineData("linux-5.15", "race { tasks { HW { do = [ \"pause\", \"poison node 0 page 3\" ] } } }", "2:37")]
    [InlineData("linux-5.15-atomic-counter", "race { setup = [ \"H: poison a 3\" ], tasks { H { do = [] } } }", "2:18")]
    [InlineData("linux-6.16\nswitches.memory-failure = off", "race { tasks.H.do = [ \"poison a 0\" ] }", "3:23")]
    public void Poison_needs_a_kernel_that_handles_memory_failures(string kernel, string text, string place)
    {
        string file = $"epc {{ kernel = {kernel}, enclaves.a {{ heap = 4 pages }}\n{text} }}";
        string[] words = ["has no poisoned EPC pages", "with Linux 5.17", "kernel = linux-5.17", "memory-failure = on"];
        Loading.OnlyError(file, $"lab/test.conf:{place}", words);
        Loading.Load(file, "epc.switches.memory-failure=on");
    }

    [Theory]
    [InlineData("linux-5.17")]
    [InlineData("linux-6.16")]
    [InlineData("epc-cgroup-v5")]
    public void A_kernel_that_handles_memory_failures_takes_poison(string kernel)
    {
        const string Script = "script = [ { at = 1 ms, poison { node = 0, first = 0, count = 1 } } ]";
        Assert.Single(Loading.Load($"epc {{ kernel = {kernel}, enclaves.a {{ heap = 1 MiB }}, {Script} }}").Script);
    }

    [Theory]
    [InlineData("pattern = uniform, ¦theta = 1", "there is no key 'theta'")]
    [InlineData("pattern = zipf, theta = ¦5", "allowed: 0 to 4")]
    [InlineData("pattern = zipf, writes = ¦60 %, executes = 50 %", "more than 100 %")]
    [InlineData("pattern = hotspot, hot = ¦8 MiB", "more than the heap has")]
    [InlineData("pattern = phased, phase = ¦0", "out of range")]
    [InlineData("pattern = phased, within { pattern = sweep, ¦hot = 1 % }", "there is no key 'hot'")]
    [InlineData("pattern = records, ¦reads = 0, updates = 0", "all weights of the operations are 0")]
    [InlineData("pattern = records, record = ¦1", "has no unit")]
    [InlineData("pattern = mixed, parts = ¦[]", "the list of parts is empty")]
    [InlineData(
        "pattern = mixed, parts = [ { pattern = sweep, weight = 1, first = ¦60 %, pages = 50 % } ]",
        "the heap has 1024 pages")]
    [InlineData("preset = ycsb-a, ¦theta = 1", "there is no key 'theta'")]
    [InlineData("preset = ycsb-a, ¦pattern = zipf", "not both")]
    [InlineData("pattern = sweep, stride = ¦8 MiB", "at most 1024")]
    public void A_pattern_takes_its_own_keys_and_sane_values(string run, string words) =>
        Loading.OnlyErrorAtMark($"epc.enclaves.e {{ heap = 4 MiB, steps = [ {{ run {{ {run} }} }} ] }}", words);

    [Theory]
    [InlineData("¦{ at = 1 ms }", "the action does nothing")]
    [InlineData("¦{ kill = e }", "the key 'at' is missing")]
    [InlineData("{ at = ¦1, kill = e }", "write '1 ms'")]
    [InlineData("{ at = 1 ms, kill = ¦f }", "there is no enclave 'f'")]
    [InlineData("{ at = 1 ms, kill = ¦[ e ] }", "the name of an enclave")]
    [InlineData("{ at = 1 ms, kill-any = ¦[] }", "the list of names is empty")]
    [InlineData("{ at = 1 ms, kill-any = [ e, ¦g ] }", "there is no enclave 'g'")]
    [InlineData("{ ¦at = 1 ms, between = [ 1 ms, 2 ms ], kill = e }", "not both")]
    [InlineData("{ between = ¦[ 1 ms ], kill = e }", "expected two")]
    [InlineData("{ between = ¦[ 3 ms, 2 ms ], kill = e }", "swap them")]
    [InlineData("¦{ at = 1 ms, kill = e, rmdir = /a }", "one thing; this one has kill and rmdir")]
    [InlineData("{ at = 1 ms, rmdir = ¦/ }", "the root cgroup cannot be removed")]
    [InlineData("{ at = 1 ms, rmdir = ¦/b }", "did you mean '/a'")]
    [InlineData("{ at = 1 ms, mkdir = ¦/ }", "the root cgroup cannot be made")]
    [InlineData("{ at = 1 ms, set-max { cgroup = ¦/, max = max } }", "the root cgroup has no misc.max")]
    [InlineData("{ at = 1 ms, ¦set-max { cgroup = /a } }", "the key 'max' is missing")]
    [InlineData("{ at = 1 ms, migrate { enclave = ¦vm, cgroup = /a } }", "a virtual machine, not an enclave")]
    [InlineData("{ at = 1 ms, poison { node = 0, first = ¦16380, count = 5 } }", "node 0 has 16384 EPC pages")]
    public void An_action_of_the_script_must_make_sense(string action, string words) =>
        Loading.OnlyErrorAtMark(
            $"epc.script = [ {action} ]\nepc {{ cgroups {{ /a {{}} }}\n enclaves.e.heap = 4 MiB, "
                + $"virtual-machines.vm.epc = 4 MiB }}",
            words);

    [Fact]
    public void All_errors_are_reported_in_the_order_of_the_file()
    {
        IReadOnlyList<string> errors = Loading.Errors(
            """
            epc {
              kernel = linux-7
              run { duration = 5 }
              cgroups { /a { max = 3 } }
              enclaves { e { heap = 4 MiB, cgroup = /b } }
              exspect = []
            }
            """);
        Assert.Equal(
            [
                "lab/test.conf:2:12",
                "lab/test.conf:3:20",
                "lab/test.conf:4:24",
                "lab/test.conf:5:41",
                "lab/test.conf:6:3",
            ],
            errors.Select(error => error[..error.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Theory]
    [InlineData("epc { kernel = ", "lab/test.conf:1:16")]
    [InlineData("epc.title = ${nowhere}", "lab/test.conf:1:13")]
    [InlineData("include required(\"nothing.conf\")", "lab/test.conf:1:18")]
    public void What_HOCON_itself_refuses_has_its_place_too(string text, string place) =>
        Loading.OnlyError(text, place);

    [Fact]
    public void A_missing_file_is_an_error_like_others()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(
            () => ScenarioLoader.Load("none.conf", [], null, Loading.Environment("")));
        Assert.StartsWith("none.conf:1:1: ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("epc.run.duration=5", "--set epc.run.duration: epc.run.duration: the duration 5 has no unit")]
    [InlineData("epc.run.length=5 s", "--set epc.run.length: epc.run.length: there is no key 'length'")]
    [InlineData("epc.kernel=linux", "--set epc.kernel: epc.kernel: there is no 'linux' among the kernels")]
    [InlineData("seed=5", "--set seed: seed: there is no key 'seed' at the root; write epc.seed")]
    [InlineData("epc..x=5", "--set epc..x: ")]
    public void An_error_of_the_command_line_names_the_option(string setting, string start) =>
        Assert.StartsWith(start, Assert.Single(Loading.Errors("", setting)), StringComparison.Ordinal);

    [Fact]
    public void An_error_in_a_kernel_file_has_its_place_there()
    {
        string scenario = "epc.kernel = \"k.conf\"";
        Loading.Only(
            Loading.ErrorsWith(scenario, ("lab/k.conf", "title = mine\nswitches {\n  sgx3 = on\n}")),
            "lab/k.conf:3:3", "did you mean 'sgx2'");
        Loading.Only(
            Loading.ErrorsWith(scenario, ("lab/k.conf", "switchs { }")),
            "lab/k.conf:1:1", "of a kernel file", "did you mean 'switches'");
        Loading.Only(
            Loading.ErrorsWith(scenario, ("lab/k.conf", "switches.at-limit = kil")),
            "lab/k.conf:1:21", "did you mean 'kill'");
    }
}
