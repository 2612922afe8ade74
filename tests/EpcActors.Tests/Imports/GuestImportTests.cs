using EpcActors.Imports;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Imports;

/// <summary>QEMU's lines, libvirt's domains, and a node's cgroup files.</summary>
public sealed class GuestImportTests
{
    private const int MiB = 256;

    private const string Two = """
        qemu-system-x86_64 -name guest=db,debug-threads=on \
          -object memory-backend-epc,id=mem0,size=64M,prealloc=on,host-nodes=1,policy=bind \
          -object 'memory-backend-epc,id=mem1,size=28M' \
          -M q35,sgx-epc.0.memdev=mem1,sgx-epc.0.node=0,sgx-epc.1.memdev=mem0,sgx-epc.1.node=1
        # another
        /usr/bin/qemu-kvm -object memory-backend-epc,id=e,size=16777216 -machine sgx-epc.0.memdev=e & sleep 1
        """;

    [Fact]
    public void A_line_of_qemu_is_a_guest_with_its_sections_in_one_process()
    {
        ScenarioText text = Importing.Text("q.txt", Two);
        Scenario scenario = Importing.Load(text);

        Assert.Equal(InputFormat.Qemu, text.Format);
        Assert.Equal(["db", "db.mem0", "vm1"], scenario.VirtualMachines.Select(one => one.Name));
        Assert.Equal([28 * MiB, 64 * MiB, 16 * MiB], scenario.VirtualMachines.Select(one => one.Pages));
        Assert.Equal([-1, 0, -1], scenario.VirtualMachines.Select(one => one.Vmm));
        Assert.Equal([-1, 1, -1], scenario.VirtualMachines.Select(one => one.Node));
        Assert.Equal([1000L, 0, 1000], scenario.VirtualMachines.Select(one => one.WorkNs));
        Assert.Equal(
            ["/db", "/db", "/vm1"], scenario.VirtualMachines.Select(one => scenario.Cgroups[one.Cgroup].Path));
    }

    [Theory]
    [InlineData("size=64M", "size=64X", "q.txt:2:38: size: found '64X'", "write for example 64M")]
    [InlineData("size=64M", "size=1000", "q.txt:2:38: ", "expected a multiple of 4096 bytes")]
    [InlineData(",size=64M", "", "'mem0' has no size", "add size=64M")]
    [InlineData("id=mem0,", "", "has no id", "add id=mem1")]
    [InlineData("memdev=mem1,", "memdev=mem2,", "no -object memory-backend-epc with id 'mem2'", "did you mean")]
    [InlineData("memdev=mem1,", "memdev=mem0,", "'mem0' is another section already", "give each section its own")]
    [InlineData("host-nodes=1", "host-nodes=x", "'x' is not a number of a node", "write for example 0")]
    [InlineData("host-nodes=1", "host-nodes=7", "the machine has nodes 0 to 1", "--machine")]
    [InlineData("prealloc=on", "prealloc=maybe", "found 'maybe'", "write on or off")]
    [InlineData("sgx-epc.0.node=0", "sgx-epc.0.nodes=0", "there is no such property", "write sgx-epc.0.memdev=ID")]
    [InlineData("'memory-backend-epc,id=mem1,size=28M'", "'memory", "the quote ' is not closed", "close it")]
    public void A_line_of_qemu_that_is_wrong_is_told(string old, string put, string expected, string remedy)
    {
        string errors = Importing.Errors("q.txt", Two.Replace(old, put, StringComparison.Ordinal));

        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.Contains(remedy, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_of_libvirt_is_a_guest()
    {
        ScenarioText text = Importing.Text("d.xml", """
            <domains>
              <domain type='kvm'><name>plain</name><devices/></domain>
              <domain type='kvm'>
                <name>enc</name>
                <memoryBacking><allocation mode='immediate'/></memoryBacking>
                <devices>
                  <memory model='sgx-epc'>
                    <source><nodemask>1</nodemask></source>
                    <target><size unit='KiB'>16384</size><node>0</node></target>
                  </memory>
                  <memory model='sgx-epc'><target><size unit='MiB'>8</size></target></memory>
                  <memory model='dimm'><target><size unit='GiB'>8</size></target></memory>
                </devices>
              </domain>
            </domains>
            """);
        Scenario scenario = Importing.Load(text);

        Assert.Equal(InputFormat.Libvirt, text.Format);
        Assert.Equal([16 * MiB, 8 * MiB], scenario.VirtualMachines.Select(one => one.Pages));
        Assert.Equal([1, -1], scenario.VirtualMachines.Select(one => one.Node));
        Assert.Equal([0L, 0], scenario.VirtualMachines.Select(one => one.WorkNs));
        Assert.Contains("domain plain has no virtual EPC", Importing.Notes(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<size unit='MiB'>64</size>", "", "the section has no size")]
    [InlineData("MiB", "Mib", "there is no unit 'Mib'")]
    [InlineData("64", "x", "found 'x'; expected a number above 0")]
    [InlineData("MiB", "b", "64 b is not a multiple of 4096 bytes")]
    [InlineData("sgx-epc", "dimm", "no domain of it has <memory model='sgx-epc'>")]
    [InlineData("<name>a</name>", "", "the domain has no name")]
    public void A_domain_that_is_wrong_is_told(string old, string put, string expected)
    {
        string text = "<domain><name>a</name><devices><memory model='sgx-epc'><target><size unit='MiB'>64</size>"
            + "</target></memory></devices></domain>";

        string errors = Importing.Errors("d.xml", text.Replace(old, put, StringComparison.Ordinal));
        Assert.StartsWith("d.xml", errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    /// <summary>Both sections are charged to one cgroup; the page too many ends the guest with all it has.</summary>
    [Fact]
    public void A_section_that_gets_sigbus_ends_its_sections_and_all_pages_come_back()
    {
        Scenario scenario = Importing.LoadScenario("v.conf", """
            epc {
              machine { nodes = [ { cpus = 4, epc = 64 MiB }, { cpus = 4, epc = 64 MiB } ] }
              cgroups { /a { max = 6 MiB } }
              virtual-machines {
                vm { cgroup = /a, epc = 4 MiB, node = 0, work = 0 ns }
                vm.mem1 { vmm = vm, epc = 4 MiB, node = 1, work = 2 us }
                other { epc = 2 MiB, hold = 1 ms }
              }
              run { duration = 1 s }
            }
            """.Replace("vm.mem1", "\"vm.mem1\"", StringComparison.Ordinal));
        RunReport report = new ScenarioRunner(scenario, null).Run("", CancellationToken.None);

        Assert.Empty(report.Violations);
        Assert.Equal(
            [EnclaveOutcome.Sigbus, EnclaveOutcome.Sigbus, EnclaveOutcome.Finished],
            report.VirtualEpcs.Select(one => one.Outcome));
        Assert.Equal(1024 + 512, report.VirtualEpcs[0].Faults + report.VirtualEpcs[1].Faults);
        Assert.Equal(0, report.Cgroups.Single(one => one.Path == "/").CurrentBytes);
    }

    [Theory]
    [InlineData("b { vmm = a, epc = 1 MiB }", "v.conf:1:", "there is no virtual machine 'a' before this one")]
    [InlineData("a { epc = 1 MiB }, b { vmm = a, epc = 1 MiB, cgroup = /x }", "", "a process is in one cgroup")]
    [InlineData("a { epc = 1 MiB }, b { vmm = a, epc = 1 MiB }, c { vmm = b, epc = 1 MiB }", "", "write vmm = a")]
    public void A_vmm_that_is_wrong_is_told(string machines, string place, string expected)
    {
        string text = $"epc {{ cgroups {{ /x {{}} }}, virtual-machines {{ {machines} }} }}";
        string errors = Assert.Throws<EpcActors.Scenarios.Configuration.ConfigurationException>(
            () => Importing.LoadScenario("v.conf", text)).Message;

        Assert.StartsWith(place, errors, StringComparison.Ordinal);
        Assert.Contains(expected, errors, StringComparison.Ordinal);
    }

    private static string Tree(params (string File, string Text)[] files)
    {
        string folder = Directory.CreateTempSubdirectory("epc-cgroup-").FullName;
        foreach ((string file, string text) in files)
        {
            string path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }

        return folder;
    }

    [Fact]
    public void A_tree_has_limits_and_what_was_in_use()
    {
        string folder = Tree(
            ("misc.capacity", "sev 99\nsgx_epc 67108864\n"),
            ("misc.current", "sgx_epc 20971520\n"),
            ("pods/misc.max", "sgx_epc max\n"),
            ("pods/misc.current", "sgx_epc 20971520\n"),
            ("pods/a/misc.max", "sev 1\nsgx_epc 16777216\n"),
            ("pods/a/misc.current", "sev 0\nsgx_epc 16777216\n"),
            ("pods/a/misc.peak", "sgx_epc 16777216\n"),
            ("pods/a/misc.events", "sgx_epc.max 7\n"),
            ("pods/b/misc.max", "sgx_epc 10000000\n"),
            ("pods/b/memory.max", "33554432\n"),
            ("idle/misc.max", "sgx_epc max\n"));
        try
        {
            ScenarioText text = ScenarioSource.Read(folder, ImportOptions.Default);
            Scenario scenario = Importing.Load(text);

            Assert.Equal(InputFormat.Cgroup, text.Format);
            Assert.Equal(64 * MiB, Assert.Single(Assert.Single(scenario.Machine.Nodes).SectionPages));
            Assert.Equal(16_777_216, Importing.MaxOf(scenario, "/pods/a"));
            Assert.Equal(10_000_000, Importing.MaxOf(scenario, "/pods/b"));
            Assert.Equal(long.MaxValue, Importing.MaxOf(scenario, "/pods"));
            Assert.DoesNotContain(scenario.Cgroups, one => one.Path == "/idle");
            Assert.Equal(["pods", "pods_a"], scenario.Enclaves.Select(one => one.Name));
            Assert.Contains("7 refusals (misc.events)", text.Text, StringComparison.Ordinal);
            Assert.Contains("less 16777216 below", text.Text, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("pods/misc.max", "sgx_epc much\n", "misc.max:1:9: found 'much'; expected a number of bytes or max")]
    [InlineData("pods/misc.max", "sgx_epc\n", "misc.max:1:1: found 'sgx_epc'; expected a resource and a number")]
    [InlineData("pods/memory.max", "x", "memory.max:1:1: found 'x'")]
    [InlineData("a b/misc.max", "sgx_epc 1\n", "white space is not allowed")]
    [InlineData("misc.max", "sev 1\n", "no misc file of it names sgx_epc")]
    public void A_tree_that_is_wrong_is_told(string file, string text, string expected)
    {
        string folder = Tree(("cgroup.controllers", "misc\n"), (file, text));
        try
        {
            string errors = Assert.Throws<EpcActors.Scenarios.Configuration.ConfigurationException>(
                () => ScenarioSource.Read([folder], InputFormat.Cgroup, ImportOptions.Default)).Message;
            Assert.Contains(expected, errors, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
