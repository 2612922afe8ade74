using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Event;
using Akka.Serialization;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// Messages that cross Akka.Remote, through Akka's own serialization as a node of the cluster has it.
/// </summary>
public sealed class ClusterSerializerTests : IDisposable
{
    private readonly ActorSystem _system = ClusterSystem.Create(new AkkaClusterOptions(), []);

    public void Dispose() => ((ExtendedActorSystem)_system).Abort();

    /// <summary>One of every type, with the manifest and the bytes that never change.</summary>
    public static TheoryData<string, string, string> Written { get; } = new()
    {
        { nameof(FrameBundle), WireSerializer.FramesManifest, "01020304" + "8901" + "05" + Bundle },
        { nameof(ControlPart), WireSerializer.ControlManifest, "FEFFFFFF" + "0300000000000000" + "01" + "7B7D" },
        { nameof(ControlTaken), WireSerializer.ControlTakenManifest, "FEFFFFFF" + "0300000000000000" },
        { nameof(LifeOver), WireSerializer.LifeOverManifest, "FEFFFFFF" + "0000000000000000" + "6E6FC3A4" },
        { nameof(Handshake), WireSerializer.HandshakeManifest, "FEFFFFFF" + "1000000000000000" + Nonce + Proof },
    };

    private const string Nonce = "000102030405060708090A0B0C0D0E0F";

    private const string Proof = Nonce + "101112131415161718191A1B1C1D1E1F";

    private const string Bundle = "4550020E0000000100" + "0300000001010101010000000000";

    [Theory]
    [MemberData(nameof(Written))]
    public void Every_message_is_written_by_our_serializer_and_read_again(string name, string manifest, string hex)
    {
        object message = Message(name);
        Serializer serializer = _system.Serialization.FindSerializerFor(message);
        Assert.IsType<WireSerializer>(serializer);
        Assert.Equal(74_517, serializer.Identifier);
        Assert.Equal(
            manifest,
            _system.Serialization.FindSerializerForType(message.GetType()) is SerializerWithStringManifest known
                ? known.Manifest(message)
                : "");
        byte[] bytes = _system.Serialization.Serialize(message);
        Assert.Equal(hex, Convert.ToHexString(bytes));
        Assert.Equivalent(
            message,
            _system.Serialization.Deserialize(bytes, serializer.Identifier, manifest),
            strict: true);
    }

    [Fact]
    public void Every_type_of_message_is_in_the_list() =>
        Assert.Equal(
            typeof(IWireMessage)
                .Assembly.GetTypes()
                .Where(type => type.IsAssignableTo(typeof(IWireMessage)) && !type.IsInterface)
                .Select(type => type.Name)
                .Order(StringComparer.Ordinal),
            Written.Select(row => (string)row[0]).Order(StringComparer.Ordinal));

    /// <summary>
    /// Every kind of control message, in parts through the serializer of one end to the line of the other.
    /// </summary>
    [Fact]
    public void Every_control_message_crosses_as_it_is()
    {
        ControlMessage.Membership view = ControlMessage.Membership.Of(
            ClusterView.First(2, [1, 0]),
            ["akka.tcp://a@b:1", ""]);
        ControlMessage[] messages =
        [
            new ControlMessage.Hello("1", "abc", [0, 2], 12, "host", "address", "ticket"),
            new ControlMessage.Welcome(1, 2, [0, 1], [0, 1, 1], [], view),
            new ControlMessage.Refused("no", ClusterErrorKind.Usage),
            view,
            new ControlMessage.Start(),
            new ControlMessage.Status(3, true, false, true, 4, 5, 6, [1], false, null),
            new ControlMessage.BeginCut(7),
            new ControlMessage.CutOff([1, 2]),
            new ControlMessage.Arm(),
            new ControlMessage.Stop(RunEndKind.TimeLimit),
            new ControlMessage.Failed(new string('ä', 3 * ControlLine.PartBytes)),
        ];
        ControlLine from = new(5);
        ControlLine to = new(5);
        List<ControlMessage> arrived = [];
        foreach (ControlMessage message in messages)
        {
            from.Add(message);
        }

        while (from.Next(0) is { } part)
        {
            if (to.OnPart((ControlPart)Again(part)) is { } message)
            {
                arrived.Add(message);
            }

            from.OnTaken(((ControlTaken)Again(to.Taken)).Number, 0);
        }

        Assert.True(from.IsIdle);
        Assert.Equal(messages.Length, arrived.Count);
        Assert.All(messages.Zip(arrived), pair => Assert.Equivalent(pair.First, pair.Second, strict: true));
        Assert.All(messages.Zip(arrived), pair => Assert.Same(pair.First.GetType(), pair.Second.GetType()));
    }

    [Fact]
    public void A_manifest_that_is_not_known_is_an_error_that_names_it()
    {
        SerializationException error = Assert.Throws<SerializationException>(() =>
            _system.Serialization.Deserialize([], WireSerializer.FixedIdentifier, "frames/1"));
        Assert.Contains("'frames/1'", error.Message, StringComparison.Ordinal);
        Assert.Contains("of the same build", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(WireSerializer.ControlManifest, 12)]
    [InlineData(WireSerializer.ControlTakenManifest, 0)]
    [InlineData(WireSerializer.ControlTakenManifest, 13)]
    [InlineData(WireSerializer.LifeOverManifest, 11)]
    [InlineData(WireSerializer.HandshakeManifest, 11)]
    [InlineData(WireSerializer.HandshakeManifest, 13)]
    public void Bytes_that_are_too_few_or_too_many_are_an_error(string manifest, int length)
    {
        SerializationException error = Assert.Throws<SerializationException>(() =>
            _system.Serialization.Deserialize(new byte[length], WireSerializer.FixedIdentifier, manifest));
        Assert.Contains(manifest, error.Message, StringComparison.Ordinal);
    }

    /// <summary>No message is written as JSON by reflection, even one that is sent by mistake.</summary>
    [Fact]
    public void What_has_no_format_does_not_go_over_the_wire()
    {
        foreach (
            object message in (object[])
                [
                    new ControlMessage.Arm(),
                    new Local.Open(),
                    ClusterHarness.FrameOf(0, 1, 1),
                    new { A = 1 },
                    new Version(1, 0),
                ])
        {
            SerializationException error = Assert.Throws<SerializationException>(() =>
                _system.Serialization.Serialize(message));
            Assert.Contains("has no format for that", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ERROR", "Akka.Remote.EndpointWriter", false)]
    [InlineData("DEBUG", "Akka.Remote.EndpointWriter", true)]
    [InlineData("ERROR", "EpcActors.Cluster.AkkaTransport.DoorActor", true)]
    public void Connections_that_break_are_not_in_the_log_unless_it_is_asked_for(
        string level,
        string type,
        bool isWanted)
    {
        Type source = typeof(global::Akka.Remote.RemoteActorRef).Assembly.GetType(type) ?? typeof(CoordinatorActor);
        Assert.Equal(isWanted, ErrorLogger.IsWanted(new Error(null, "somewhere", source, "text"), level));
        Assert.True(
            ErrorLogger.IsWanted(new Error(new SerializationException("bad"), "somewhere", source, "text"), level));
    }

    private static object Message(string name) => name switch
    {
        nameof(FrameBundle) => new FrameBundle(Convert.FromHexString("01020304890105" + Bundle), 0),
        nameof(ControlPart) => new ControlPart(-2, 3, true, "{}"u8.ToArray()),
        nameof(ControlTaken) => new ControlTaken(-2, 3),
        nameof(LifeOver) => new LifeOver(-2, "noä"),
        nameof(Handshake) => new Handshake(-2, Convert.FromHexString(Nonce), Convert.FromHexString(Proof)),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private object Again(object message)
    {
        SerializerWithStringManifest serializer = (SerializerWithStringManifest)
            _system.Serialization.FindSerializerFor(message);
        return _system.Serialization.Deserialize(
            _system.Serialization.Serialize(message),
            serializer.Identifier,
            serializer.Manifest(message));
    }
}
