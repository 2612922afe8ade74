using BenchmarkDotNet.Attributes;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Wire;

namespace EpcActors.Benchmarks;

/// <summary>
/// Frames to bytes and back, in bundles of a hundred: what a message costs that leaves its process, without the
/// network.
/// </summary>
public class WireBenchmarks
{
    private const int Frames = 10_000_000;
    private const int PerBundle = 100;

    private readonly BundleWriter _writer = new();
    private readonly BundleReader _reader = new(8);
    private readonly Frame[] _frames = new Frame[PerBundle];

    /// <summary>
    /// Messages that travel: a charge page by page and its answer, which most messages are, or one of each message.
    /// </summary>
    [Params("charge", "all")]
    public string Mix { get; set; } = "charge";

    [GlobalSetup]
    public void SetUp()
    {
        for (int i = 0; i < PerBundle; i++)
        {
            _frames[i] = Charge((uint)(50_000 + i));
            if (Mix == "all")
            {
                _frames[i].Code = WireMessages.All[i % WireMessages.All.Count].Code;
            }

            _writer.TryAdd(in _frames[i]);
        }
    }

    [Benchmark]
    public long Encode()
    {
        long bytes = 0;
        for (int i = 0; i < Frames / PerBundle; i++)
        {
            _writer.Clear();
            foreach (ref Frame frame in _frames.AsSpan())
            {
                _writer.TryAdd(in frame);
            }

            bytes += _writer.Finish().Length;
        }

        Work.Count($"{nameof(Encode)}|{Mix}", "frames", Frames);
        Work.Count($"{nameof(Encode)}|{Mix}", "bytes per frame", (double)bytes / Frames);
        return bytes;
    }

    [Benchmark]
    public long Decode()
    {
        long frames = 0;
        ReadOnlySpan<byte> bundle = _writer.Finish().Span;
        for (int i = 0; i < Frames / PerBundle; i++)
        {
            frames += _reader.Read(bundle).Length;
        }

        Work.Count($"{nameof(Decode)}|{Mix}", "frames", frames);
        Work.Count($"{nameof(Decode)}|{Mix}", "bytes per frame", (double)bundle.Length / PerBundle);
        return frames;
    }

    /// <summary>The message that most of the traffic consists of.</summary>
    internal static Frame Charge(uint sequence)
    {
        Frame frame = new()
        {
            Kind = FrameKind.Request,
            Version = Frame.CurrentVersion,
            From = 0,
            To = 1,
            FromIncarnation = 1,
            ToIncarnation = 1,
            Epoch = 1,
            Caller = 60,
            Sequence = sequence,
            Cut = 20,
        };
        frame.Write(new ClusterProtocol.ChargeCounter { Bytes = 4096, Counter = 3 });
        return frame;
    }
}
