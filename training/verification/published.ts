/**
 * The checksums of the small runs on the WebAssembly backend: data, written by `deno task pretrained sums`, one entry for each
 * tensor of five models. A review sees in its changed entries which bits a change alters, and from which step on.
 *
 * @module
 */

import type { RunSums } from "./verify.ts";

/** See {@linkcode RunSums}. */
export const PUBLISHED: Readonly<Record<string, RunSums>> = {
  "gpt1": {
    "sha256": "546fd54f4964bc193a469ae8fd5c182b6a2a1ca79996b274aeb4a137482aeeaf",
    "tensors": {
      "tokenEmbedding": "cdd853 05aea1 5bde4c 817bd5 c59103 9cfb75 532bce 256f1f d7149c d58f30 c14182",
      "positionEmbedding": "c645c9 c0728e f77f1a d6c036 dc9e5c bfc642 bc4c7a 08cdb1 bf16dd 2bab7b 1522a3",
      "blocks.0.attention.queryKeyValue.weight":
        "e79df4 c096e5 b16990 8795bd d7652b a20646 207a2d 5ebf2d 71602c e1bf25 86d809",
      "blocks.0.attention.queryKeyValue.bias":
        "450898 0fbc5d e01ef4 0f4cc9 50d7c2 3919be a14911 6de386 29fffb cf5205 ce7288",
      "blocks.0.attention.projection.weight":
        "fac00e 288a44 537149 afe341 c09dd1 608268 a19df6 d276d5 22ac49 987d23 8ae0a0",
      "blocks.0.attention.projection.bias":
        "d48900 3ddb7a 9036f9 f45795 ed9374 7a8072 2f6c69 7ee182 6ea059 17138a c7b652",
      "blocks.0.norm1.weight": "214393 020c9e 737ec1 39b158 652f9f d571ae 73a75f 7a5e31 2c321e c4e000 965a7c",
      "blocks.0.norm1.bias": "d48900 623298 2d2214 3d930f eaad15 44e64c c50960 06a40b df075e 5c4e50 42739d",
      "blocks.0.mlp.expand.weight":
        "ed7981 2a8f9c 745fb5 a47467 e01302 99adad e026cc 7fc015 15a798 904c64 24094e",
      "blocks.0.mlp.expand.bias":
        "15dfcf e8dcae d7c0b2 aa2f94 6133b0 cf585c 1b9166 a20891 24d23d 4be93e 4ac664",
      "blocks.0.mlp.contract.weight":
        "ecd907 4e8dd6 16e045 b0bae6 863a06 38a798 4f6817 c5654e ec35fc 6c4fe0 b32de3",
      "blocks.0.mlp.contract.bias":
        "d48900 540864 817ddd b6546b 238fa0 8c3f8b 7881d7 1e5f2e a1e44b 756e48 167ed8",
      "blocks.0.norm2.weight": "214393 7ee04b e41ad5 40fa99 1ac6a2 96182a cf59e3 75d59a b36f62 6f02f8 2d2b9e",
      "blocks.0.norm2.bias": "d48900 e432d4 287d75 fa2702 1bf6a7 9ce24c 6d362f dafd47 9fa7d4 cf20b6 65e1f8",
      "blocks.1.attention.queryKeyValue.weight":
        "07d563 4e49fa ceb666 c34896 ad46e3 8749ee 8ac9d1 b4ccb4 7e6ac4 aa6d5f 89d5f0",
      "blocks.1.attention.queryKeyValue.bias":
        "450898 961819 2cc8cf aeab40 0890d5 43d218 b1252b 7eea84 6c3cce 6c69a6 94942b",
      "blocks.1.attention.projection.weight":
        "d14526 7eee2e 588983 ac1daa 18826b 2f62d9 1a69ae 1ed7ec 0266a9 2f2ea9 9524b1",
      "blocks.1.attention.projection.bias":
        "d48900 831fe6 03f4ef 0ba27f 1702c7 f6b9cb ab3d4b 93b024 accb09 046159 3bc42f",
      "blocks.1.norm1.weight": "214393 8b3a02 624ea1 4bc6bf 805fe6 afd32f 338ed8 2beeb5 b05dd1 6baaca a9b050",
      "blocks.1.norm1.bias": "d48900 833aa2 86e499 ffa82b 20880e 9ecf16 ad41cd 2a271f dfea29 493f60 2e6aed",
      "blocks.1.mlp.expand.weight":
        "6d472b a8b4e3 a24b60 074e5c 02257e 5b1556 34f171 df9b93 9ebead 19cab9 72b1c6",
      "blocks.1.mlp.expand.bias":
        "15dfcf 018e3c ad7117 89f33c 718c11 c90c93 20ae37 354d83 37d93a 1471b5 73c5c8",
      "blocks.1.mlp.contract.weight":
        "9b5018 dafe77 594dc7 55072f c83ac4 8a7d79 ebdf8e 747624 409627 822956 9f9492",
      "blocks.1.mlp.contract.bias":
        "d48900 aae568 0ed0d6 05d39d 29f33e 9369df 104bac 94085a 513b6d a560ee 574b0e",
      "blocks.1.norm2.weight": "214393 bee714 e84ed7 105b23 6f72e5 e819bd e45b82 23a0b5 1464bf 8be432 53da12",
      "blocks.1.norm2.bias": "d48900 09334d 2f24ee 5d3db0 0479f3 ffa6c0 b0175f 0a3f3f 1e8042 0a4cdb 53f576",
    },
  },
  "gpt2": {
    "sha256": "1f5b2dd30d6d70332a31251786df0cd4b47455623e1d337165e64e48743e9ed2",
    "tensors": {
      "tokenEmbedding": "cdd853 e65f20 69edd1 775be1 e1a13a 46a2ad 8c12e6 fae237 8a8c75 dfbfcc c4f673",
      "positionEmbedding": "c645c9 d69e24 12dc27 f51a01 5c48e9 4fead9 9ce28d 9ce7e4 7b3150 e7668c 655936",
      "blocks.0.norm1.weight": "214393 dbb73e 58cd48 4f086f ebde47 36cb7f fd1e25 d5a623 34898e 5c5ce2 30559e",
      "blocks.0.norm1.bias": "d48900 124a4c 9bcdc3 ca2b14 4da156 170755 382a6f 9f7ffe 66701c 61c383 cc82e9",
      "blocks.0.attention.queryKeyValue.weight":
        "e79df4 1ae98c 98864d b32d39 b94c90 061bf0 49d61b 3002a5 023388 8ce321 ace106",
      "blocks.0.attention.queryKeyValue.bias":
        "450898 6f4a8e b33b5a a2c7f9 67bd61 da5f9d 308890 787c7a e82b2b 8ac651 e77bc6",
      "blocks.0.attention.projection.weight":
        "effd33 0269fd 80d396 f45571 7246ec fd6a26 1de268 c09bcf 6777a8 125dda c0beb6",
      "blocks.0.attention.projection.bias":
        "d48900 bc5b47 7e21d3 25f677 8424c2 4aec95 123533 35b744 2082f2 41d150 e05e78",
      "blocks.0.norm2.weight": "214393 10ff14 3f4194 b5f18d b5af84 c1baa1 d38b79 704969 1f4233 d55c69 3ff848",
      "blocks.0.norm2.bias": "d48900 1bd266 416582 873934 2237e9 589e91 094bb1 c52db9 962a64 6b5fd7 62a0b1",
      "blocks.0.mlp.expand.weight":
        "ed7981 26e2c3 2cdd0e 333512 02f5d7 1ba00a f744d0 a135bc 8604f5 08a6c4 9337c9",
      "blocks.0.mlp.expand.bias":
        "15dfcf 2eebcf b3f8e0 9ee4e3 9ba3dc 7a8d99 61f096 e7127c db9477 71d817 4d5bc0",
      "blocks.0.mlp.contract.weight":
        "3f704a 4d96dc e256d9 299612 75b183 71fc6c 2598dd 193ccb 20b2fc 598212 4d4390",
      "blocks.0.mlp.contract.bias":
        "d48900 ddf56d f0b8d0 8df33a 33d0fa ddece1 2e04cd c0dff1 2eb5c2 f9ea5c f90620",
      "blocks.1.norm1.weight": "214393 f1e3ad 3cc2c5 e9d212 39c609 33be4e 85adcc e1b951 a29163 4fda97 c57591",
      "blocks.1.norm1.bias": "d48900 c8668c 1f3461 412ade c6ab21 d1fd58 8abbb1 8f745f 267253 502253 22b644",
      "blocks.1.attention.queryKeyValue.weight":
        "07d563 145252 95f7d5 c94501 9c1a10 afe4a8 90dd8c cf93d7 55ea5f 6c8137 db3199",
      "blocks.1.attention.queryKeyValue.bias":
        "450898 d2961f a14ba6 c1a92b 44e251 60908a 83a54e dde9c6 7b7410 065b21 71b70d",
      "blocks.1.attention.projection.weight":
        "7aa64c f649d4 23e7a4 803c76 c3949a 3d537b 6a44f1 0134d2 e12735 630b06 e9978d",
      "blocks.1.attention.projection.bias":
        "d48900 959cb6 8d8c21 5190b8 08b6d7 f4085f 206671 9f87da d7cbce b80584 530bff",
      "blocks.1.norm2.weight": "214393 31173a e0acfb 38adbd b9f818 81d9ee 41cf99 16f8aa fa6126 a092c2 503ca1",
      "blocks.1.norm2.bias": "d48900 023d38 a24192 3920c3 22c435 ce394c 526d11 73b354 30fc2b 3e1f31 917920",
      "blocks.1.mlp.expand.weight":
        "6d472b 03c756 e32af8 a73e2f 024770 ca8182 9d7c82 da5258 03472f b6724f dde9a9",
      "blocks.1.mlp.expand.bias":
        "15dfcf a13a0d 762ab3 92143c 4baad0 459884 d2b31b 9585af e34b07 209036 c07a20",
      "blocks.1.mlp.contract.weight":
        "9e1e7d 7b6a3a feaf77 72004a 6db3e7 a2d72c 20ce93 48ace6 394548 c9d3ae 3f3952",
      "blocks.1.mlp.contract.bias":
        "d48900 9c2c51 aadfd0 866524 679f33 77c526 8074be 5ae574 620a48 98f98b 8c0b7c",
      "finalNorm.weight": "214393 b4bdfc 12920a fdbaf4 474802 ad6aa1 039006 18b816 9fbe90 238146 3add57",
      "finalNorm.bias": "d48900 b02d74 fafcf3 d17687 282c55 609d3c 54cd34 986ce9 57222e 41c3f5 2af607",
      "languageHead": "e871df c3decf 587326 54c686 05bc71 d4e8f2 80bd7c fad4d2 b0b616 4e4a8a cee00b",
    },
  },
  "roberta": {
    "sha256": "74eb455c42ee02332d71a6d886a5da934f447681c3509b7d31286c18919aad9f",
    "tensors": {
      "encoder.tokenEmbedding":
        "caabc2 9956f7 d1bd07 b58806 938825 1a26b7 ff2661 ee20ce 2df94d 96d25b ef5ab1",
      "encoder.positionEmbedding":
        "bda715 1b4e40 c62c0d bd85c0 5cc35f 4482d5 156de8 503462 8c2dd1 b8d6e6 6e454d",
      "encoder.embeddingNorm.weight":
        "214393 3285b3 393843 9e4617 ea65f2 1a2ab4 8612d7 492b52 281117 f58241 cbe507",
      "encoder.embeddingNorm.bias":
        "d48900 8b7ef2 28afa5 790754 7f7381 335be4 0ba111 0d3a56 aff57e 91632b ff18e6",
      "encoder.blocks.0.attention.queryKeyValue.weight":
        "4675fb 3a4b6c 2e4fc3 cff77e efc721 f090e7 651a9c 5f7c81 ce4f35 de1b28 d7ecaa",
      "encoder.blocks.0.attention.queryKeyValue.bias":
        "450898 55f4fe 19fdb0 ccba8d 15507d 1ec7b4 73ebe6 a0302f 821b32 82100a 0e2e2a",
      "encoder.blocks.0.attention.projection.weight":
        "fa17eb c2e35d 81bace 8238a8 2939d4 972a1a d085a7 1af684 94bb1f c89a6b 056f8d",
      "encoder.blocks.0.attention.projection.bias":
        "d48900 823da0 e7e342 5fafee b96357 1266c1 d13100 82c5a2 028f30 32bf92 175896",
      "encoder.blocks.0.norm1.weight":
        "214393 afb69d 8481c0 d04958 fa7829 bf1823 463b71 ea1a55 29e479 ecaf62 f96f63",
      "encoder.blocks.0.norm1.bias":
        "d48900 324417 94ede1 517343 10fa13 4fa7f6 3474b2 b7adca ca78ac e38b3c 167ed8",
      "encoder.blocks.0.mlp.expand.weight":
        "c952a1 c5d980 50ba33 bcc6b4 6e2a14 b8e929 70eff4 fcb4f2 0a8637 2f95b2 ae83d4",
      "encoder.blocks.0.mlp.expand.bias":
        "15dfcf 06f136 0d01a2 701acd b69a7b 1c37cf deffba 35782b bfb3b4 90b14b 6dd2ea",
      "encoder.blocks.0.mlp.contract.weight":
        "412816 ffc7ab c6c208 8c14de 8d114e 4057c2 18237d 843daf 3e2280 b43d02 388bf8",
      "encoder.blocks.0.mlp.contract.bias":
        "d48900 20f890 0e3e03 0d663f 9ca874 d286ad 0072d0 e57ce7 22802c d32025 253352",
      "encoder.blocks.0.norm2.weight":
        "214393 4c5385 4208c8 1f65c9 4ce528 edf7ae 9d7057 3c831f 93fc47 8a9509 b2ed97",
      "encoder.blocks.0.norm2.bias":
        "d48900 c8ca3e 361c65 e6be0d 0f515c acf66c 87f754 219a15 992021 91447d d3f765",
      "encoder.blocks.1.attention.queryKeyValue.weight":
        "88a982 f499a4 3a8591 e455bf a0e4b9 2dd5e3 df2d81 75d2f2 4898ca dd741c b8eaf7",
      "encoder.blocks.1.attention.queryKeyValue.bias":
        "450898 1b14cc 56ef89 fb6c8c b34f38 070054 34f6b7 0a50a1 888c56 b1a9b1 a65e3a",
      "encoder.blocks.1.attention.projection.weight":
        "4dd841 742e06 440730 640f3e 9fe573 81cdef 6b1e1f 62cb1d fdfcab 67680e 015417",
      "encoder.blocks.1.attention.projection.bias":
        "d48900 0dbd10 8d4898 287c91 399172 c94334 eda270 361c32 c0eaba 2eb93b d005db",
      "encoder.blocks.1.norm1.weight":
        "214393 139824 23c29f 7ea755 5df2a2 a36a0d a16c9d 70061d aa4ccc 73d5ba a5536c",
      "encoder.blocks.1.norm1.bias":
        "d48900 b046a2 b25165 bb799e ddf9c2 5cad4e a26ebb ac745b 0bb343 ad1993 2e3ae9",
      "encoder.blocks.1.mlp.expand.weight":
        "2ad2af b94cd7 14dcae 901641 13259f db44dd c27ed7 abba4f 5cbe02 6bfa64 b8fbb5",
      "encoder.blocks.1.mlp.expand.bias":
        "15dfcf c376d1 8100f6 5ace18 920602 5bafc7 81c661 487f6d 74fde0 4e9ebb 48686c",
      "encoder.blocks.1.mlp.contract.weight":
        "aad6af c55d9d 102b27 b0a014 cb26ac e68af9 717433 1d838c d74a8b bc3d1d da7f40",
      "encoder.blocks.1.mlp.contract.bias":
        "d48900 e248b5 d18435 374aef 95f9cf 76385d 48032c 5be753 b7ab7f b19e18 ba12b1",
      "encoder.blocks.1.norm2.weight":
        "214393 9fca91 a87c9b 6d745e a28aa5 a4ae36 5a2505 9c7be8 0d1a96 e84bed b89c58",
      "encoder.blocks.1.norm2.bias":
        "d48900 eb2034 a40ea7 043488 914631 6d45a8 66a8b4 073ad9 256157 54a37d 0b7365",
      "languageHead.dense.weight":
        "8c3e6d 5dec3e ba5df5 80b65b 6b34ef d9d849 de279c 1e2b46 86eebe 8bcc79 9efacf",
      "languageHead.dense.bias":
        "d48900 874d45 4a9ad6 ee940c 55e759 cdf444 463663 bca4ad 1045b2 71252b 89bc90",
      "languageHead.norm.weight":
        "214393 db7238 470fe8 b2d382 39e335 ff1e0e fff662 de3d57 94b388 3d84a2 b562fb",
      "languageHead.norm.bias":
        "d48900 5befec 6bf1bc 9cba9d 44aa77 0eb62b 2ef9e5 df9155 74cfac 49b6da a4dd9a",
      "languageHead.bias": "ac9ab7 73e02f dfb3e5 449fc6 4d5625 539a46 48147d 1f5843 f643f6 edb45f 507905",
    },
  },
  "gpt1 classifier": {
    "sha256": "e301e56c993f2db04612cf450df7a6c9b553c4a1447079808d32fd501be8b9d5",
    "tensors": {
      "gpt.tokenEmbedding": "c14182 a40392 fc84dd d96ef6 99ed71 a55f46 fd1bff b85111 08ab50 8430af 45b723",
      "gpt.positionEmbedding": "1522a3 717f6b 7d7e53 36a0b6 3c0a30 d378cb 35660d c0e44a 07fa65 7be689 f0bd7a",
      "gpt.blocks.0.attention.queryKeyValue.weight":
        "86d809 a6d196 6c2533 9cdf9b 6ea4c7 559219 67feb0 4f43a3 00d1f7 a6a9b2 07d12e",
      "gpt.blocks.0.attention.queryKeyValue.bias":
        "ce7288 40dbc9 0db2a0 d0dfe7 35d081 b90321 7f48a1 9ea70b 37e348 fc5f1f 3b8f23",
      "gpt.blocks.0.attention.projection.weight":
        "8ae0a0 8f52e6 bfb32f 4fc987 f1db80 88ffb0 bbd01f f0e329 f74c99 b3e28a 81631c",
      "gpt.blocks.0.attention.projection.bias":
        "c7b652 04d05b 6d17a8 4dbf8d c191e2 ce2ae5 9a4d24 a2038f 0547d3 1b5b73 2efd9e",
      "gpt.blocks.0.norm1.weight":
        "965a7c daff58 550114 6fa80b c1bebe 265107 833901 38959b fdfbff 3a09f8 7c2bc2",
      "gpt.blocks.0.norm1.bias":
        "42739d 4c2464 e2eeca 254d82 8d2bce bad594 211dda f313ac 5899ff 4d3b2f 9bd11e",
      "gpt.blocks.0.mlp.expand.weight":
        "24094e 96d574 943208 94990a 11a51d c5648f 809b81 af3d05 d591f5 708350 d4a6ef",
      "gpt.blocks.0.mlp.expand.bias":
        "4ac664 083da4 8bc816 a34192 a58e91 e33416 3f9a78 aa697a f4975f e12522 9af5b5",
      "gpt.blocks.0.mlp.contract.weight":
        "b32de3 3bb805 891cae 62f1ff e1774b b98c49 29ea8f 72aa31 32dfc8 f49d23 8dfda8",
      "gpt.blocks.0.mlp.contract.bias":
        "167ed8 d79aa1 0bed2b 540a93 0b9435 d3369a b0d9b5 933ada e19fb3 1a1687 377f31",
      "gpt.blocks.0.norm2.weight":
        "2d2b9e 417706 f50869 a0bf5c 6da3ba 123d0e 51bb8c 1fac7e 92ed4d 9fc533 440c40",
      "gpt.blocks.0.norm2.bias":
        "65e1f8 b43b2b 4cce33 3740d4 ecfe39 c609ca bd4ac1 d08ec0 bd7892 acf6ed 991bb7",
      "gpt.blocks.1.attention.queryKeyValue.weight":
        "89d5f0 73baa8 23d8a7 6dd80f 5fe329 a6564c 195550 4d2add a19b9c a555a5 037191",
      "gpt.blocks.1.attention.queryKeyValue.bias":
        "94942b 972e83 154da9 1ba98f 510207 97e4b3 dc8596 657ecd 6f9bb1 f51b3c cb7fda",
      "gpt.blocks.1.attention.projection.weight":
        "9524b1 e0bb1e e3fb35 6dda91 b00b10 6385af 0aa37a b2fb57 7e487c a4f8eb e76c06",
      "gpt.blocks.1.attention.projection.bias":
        "3bc42f 3282ad 9a3030 925636 c9481f 0db859 ab20ea 42a70f 6f28e1 31e165 fe6b6c",
      "gpt.blocks.1.norm1.weight":
        "a9b050 cee7b3 1c8311 3360bd 996bf0 f42ec9 89b1c3 bce9ba 45b36e 196c92 83ee9f",
      "gpt.blocks.1.norm1.bias":
        "2e6aed 0914b3 b973b0 9d2a4f d0efbd 591ab2 e6c1d2 aa1b53 596a41 9b50bc f6396a",
      "gpt.blocks.1.mlp.expand.weight":
        "72b1c6 f51d16 366760 2b64d8 0be12c f4e409 900618 388143 693e75 1dfbfd f11b6a",
      "gpt.blocks.1.mlp.expand.bias":
        "73c5c8 3a2424 4305f4 5c0273 cfc1b8 d61fe8 2ef99a f84e4b 723aeb 1e75b0 2dcc42",
      "gpt.blocks.1.mlp.contract.weight":
        "9f9492 a39e50 4848a1 d11d3f f64b9e 4058be 42561e e03bc0 887808 8943b0 1ae389",
      "gpt.blocks.1.mlp.contract.bias":
        "574b0e b2a4c7 2c53a8 bf2e29 ba11ab 9f33bc f2a1d5 db8ccb 3271d4 0848ec 6bb568",
      "gpt.blocks.1.norm2.weight":
        "53da12 18cdf8 c5032d 090f68 cb0e80 739375 785885 42facb 490d9c 346898 b94b3a",
      "gpt.blocks.1.norm2.bias":
        "53f576 ac0140 bcd30e ae627a 42d8cb 007790 5461ba 5ad2fb 29af8e 509fac f4f1ff",
      "score": "5e15dd 16a198 80b065 8c2934 dd8c61 21e6bc 65377e 7fbf56 c503cc 02a626 2edc3e",
    },
  },
  "roberta classifier": {
    "sha256": "21c0fd696e73186a134375255cf63ce36dfb55d8d65312408fd8c43d32a48835",
    "tensors": {
      "encoder.tokenEmbedding":
        "ef5ab1 3e0e0e a3a5af a79d5c 2845f5 dbbeb6 d871cf 9c33a7 6989f3 4cfe21 911446",
      "encoder.positionEmbedding":
        "6e454d a6fbe8 393dfd ef534b 875b61 bf89c5 a58ff8 3087e6 1ec9c0 42c08f 740d75",
      "encoder.embeddingNorm.weight":
        "cbe507 82b1c7 c3aaea fcc3c0 15adde 321e7c 523581 1dde84 52834f 3bf079 669b3d",
      "encoder.embeddingNorm.bias":
        "ff18e6 c2e8b2 86ed59 82d256 59e09a a75f6e cecc37 f35e03 02878a 8d5f2e 1c7c9d",
      "encoder.blocks.0.attention.queryKeyValue.weight":
        "d7ecaa f16475 744f71 624132 65c317 1495bc ed41ff b11ad0 c98c1b 6578c4 47a76f",
      "encoder.blocks.0.attention.queryKeyValue.bias":
        "0e2e2a 8f55fa 53227e 32caff 8357bd 6f58ad 492277 1520bd 4db248 50ec1f b66194",
      "encoder.blocks.0.attention.projection.weight":
        "056f8d 3856fb 6ca608 060224 228902 e3295f c51134 d73d5d a250dd deb1ef 71d39c",
      "encoder.blocks.0.attention.projection.bias":
        "175896 1df1cc 225fdf 971b96 c5c4d9 2bc353 1b1b74 24cafe 991faa 07882c fbcb72",
      "encoder.blocks.0.norm1.weight":
        "f96f63 d0d13d d76ead e9b925 d1f4c8 7421dd 5dc53e 799a05 35913a 2357b8 9b5f2b",
      "encoder.blocks.0.norm1.bias":
        "167ed8 68c8f6 c54f37 1083f8 c45fa5 f6515b d198ee 61ce64 d6bf04 841a88 c5dc22",
      "encoder.blocks.0.mlp.expand.weight":
        "ae83d4 7fec3e 0312f5 a353c7 b9c7e5 510a65 291374 6bff54 81312c 9890f9 2afb6f",
      "encoder.blocks.0.mlp.expand.bias":
        "6dd2ea bd0971 3a2ca0 1d07b3 dda098 c339ce f32c6b 5c3659 b91d2a 6bac08 d59f95",
      "encoder.blocks.0.mlp.contract.weight":
        "388bf8 11845d ed5afd e7a633 cb9e4f 5d1afa 10a578 6b6196 9fdb14 6354a1 05c83a",
      "encoder.blocks.0.mlp.contract.bias":
        "253352 ed2f45 15ab4b 03bc0e 451262 893ad6 e502bb 2c1d65 c082be 0a27ba 13e2ac",
      "encoder.blocks.0.norm2.weight":
        "b2ed97 c2719b c70b03 be61be 25d695 b03ac9 255bf7 77e688 087191 a04aab 8b3536",
      "encoder.blocks.0.norm2.bias":
        "d3f765 f7e0cc 0d5439 be909b 825b7d 153375 2ebe21 93075f 81d2ad 31d5ee 408180",
      "encoder.blocks.1.attention.queryKeyValue.weight":
        "b8eaf7 912b99 48f238 60a5b9 7c860c 4c4df8 bcb763 9f5dcb 12700b c58550 bc4a3a",
      "encoder.blocks.1.attention.queryKeyValue.bias":
        "a65e3a ae1374 c07feb 95c007 06f44f 59d84c 1368e9 a88137 2c547e 4867d7 3b81c9",
      "encoder.blocks.1.attention.projection.weight":
        "015417 8b75a1 390314 db22d8 dbe7cc 4a6327 c43e70 7a1430 ab2c1b cda5b1 eecdfb",
      "encoder.blocks.1.attention.projection.bias":
        "d005db a9cbc0 56a4e3 d7304b fb1974 2d913e 0da312 b326ce 6e1272 17b6ef 25e34d",
      "encoder.blocks.1.norm1.weight":
        "a5536c 621312 58a025 7ea3e8 ee96b5 765685 024520 b2315f 20fb76 085051 2aff4c",
      "encoder.blocks.1.norm1.bias":
        "2e3ae9 60c5e6 157ef5 637385 b0dd29 289abc 40e0b4 a36711 95fe27 b7fe68 5baea0",
      "encoder.blocks.1.mlp.expand.weight":
        "b8fbb5 8e4534 314d35 5c0daf 8b878b 469238 46f335 6afcb2 c8f576 5761dd 70fcfa",
      "encoder.blocks.1.mlp.expand.bias":
        "48686c febc40 3fd15b ebcbed ddd256 807557 bd8fb1 2cad7b efdd30 e64569 7aad96",
      "encoder.blocks.1.mlp.contract.weight":
        "da7f40 3bef3c a80fb7 03bac7 ce1fd9 972755 8cddbd a94ce7 902c69 4e9984 435cc3",
      "encoder.blocks.1.mlp.contract.bias":
        "ba12b1 fd5d4a 5908c3 9b75b9 6120e2 941e23 98fc9b 7a2f63 c03f0a 5981e4 480ddb",
      "encoder.blocks.1.norm2.weight":
        "b89c58 9a8743 01d59c b13c2f 05dcbd ca4e94 7deec4 b89d7a cc0f42 c89f1a 367f9c",
      "encoder.blocks.1.norm2.bias":
        "0b7365 1e83b3 4503c8 f9babc 2cb111 24d10e 2c3c2f 867260 f265ba 213e3d b42d0d",
      "classificationHead.dense.weight":
        "d6fa2c 794205 4a77ea 768ce6 b5198e 25f0c5 ea562a e5b807 cd9b44 bf9651 649aaa",
      "classificationHead.dense.bias":
        "d48900 503f6e 8ce154 dc1e36 30125c c3f65f 9a3896 b78b88 87dc39 cc4fcb 06793d",
      "classificationHead.projection.weight":
        "35664f bce1fc 5b75ad 351a39 afee95 3d8260 ff1226 110197 9f8c5a f46e86 bfce3b",
      "classificationHead.projection.bias":
        "af5570 f78e9a 9b8fec 22030b 903133 65d6d6 b2d488 1c58bc 70c06b abc545 c00c82",
    },
  },
};
