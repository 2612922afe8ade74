using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Transport;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>TLS by Akka's own keys, as docs/cluster.md writes them, with certificates that are made here.</summary>
[Trait("tier", "slow")] // Members wait for one another in real time.
public sealed class ClusterTlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("epc-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Processes_with_the_same_certificate_form_a_cluster()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(akkaBlock: Tls(Certificate("run")));
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        Assert.All(members, member => Assert.StartsWith("akka.ssl.tcp://", member.Address, StringComparison.Ordinal));
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, 7));
        Assert.Equal(7u, (await members[1].Log.Frames.NextAsync()).Sequence);
    }

    /// <summary>
    /// Both have the token; but the certificate of the coordinator is of no authority that this machine trusts.
    /// </summary>
    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_not_accepted()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(akkaBlock: Tls(Certificate("run")));
        AkkaClusterOptions other = cluster.Options with
        {
            AkkaBlock = Tls(Certificate("other"), validates: true),
            JoinTimeout = TimeSpan.FromSeconds(2),
        };
        var (_, _, refused) = cluster.Begin(other, 0);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => refused);
        Assert.Equal(ClusterErrorKind.NotFormed, error.Kind);
        Assert.Contains("TLS", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, cluster.Log.Hellos.Left);
    }

    /// <summary>A process without TLS says nothing that the coordinator understands.</summary>
    [Fact]
    public async Task A_process_without_tls_does_not_get_in()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(akkaBlock: Tls(Certificate("run")));
        AkkaClusterOptions plain = cluster.Options with { AkkaBlock = "", JoinTimeout = TimeSpan.FromSeconds(2) };
        var (_, _, refused) = cluster.Begin(plain, 0);
        await Assert.ThrowsAsync<ClusterException>(() => refused);
        Assert.Equal(0, cluster.Log.Hellos.Left);
    }

    [Fact]
    public async Task A_certificate_that_is_not_there_is_an_error_in_words()
    {
        await using AkkaCoordinatorTransport coordinator = new(
            new AkkaClusterOptions { AkkaBlock = Tls(Path.Combine(_folder, "none.pfx")) });
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() =>
            coordinator.OpenAsync(new CoordinatorLog([]), CancellationToken.None));
        Assert.Equal(ClusterErrorKind.Usage, error.Kind);
        Assert.Contains("akka block", error.Message, StringComparison.Ordinal);
    }

    private static string Tls(string certificate, bool validates = false) => string.Create(
        CultureInfo.InvariantCulture, $$"""
        akka.remote.dot-netty.tcp {
          enable-ssl = on
          ssl {
            certificate { path = "{{certificate}}", password = "secret" }
            suppress-validation = {{(validates ? "off" : "on")}}
          }
        }
        """);

    /// <summary>Its own issuer: a run needs no authority, as every process of it has the same file.</summary>
    private string Certificate(string name)
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new(
            $"CN={name}.epc.test",
            key,
            HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        string path = Path.Combine(_folder, $"{name}.pfx");
        File.WriteAllBytes(path, certificate.Export(X509ContentType.Pfx, "secret"));
        return path;
    }
}
